import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdir, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SourceFile, TableFormat } from '../../../src/core/table.ts';
import { findArrivedFiles, findFiles } from '../../../src/source/files/find-files.ts';
import { sameFileNotes } from '../../../src/source/files/one-of-each.ts';
import { temporaryFolder } from '../../support/project.ts';

let folder: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  const files = [
    ...['b.parquet', 'a.parquet', 'sales.csv', 'notes.md', "it's [1] {x} *.csv"],
    ...['days/date=2026-11-22/part-1.parquet', 'days/date=2026-11-21/part-0.parquet', 'days/_SUCCESS'],
    ...[
      'days/date=2026-11-21/.part-0.parquet.crc',
      'days/_temporary/part-9.parquet',
      'days/date=2026-11-21/readme.txt.bak',
    ],
    ...['only-notes/readme.md'],
  ];
  for (const name of files) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), 'content');
  }
  await writeFile(join(folder, 'empty.csv'), '');
  await symlink(join(folder, 'a.parquet'), join(folder, 'link.parquet'));
});

async function found(paths: readonly string[], format?: TableFormat): Promise<string[]> {
  const files = await findFiles(
    paths.map((path) => join(folder, path)),
    format,
  );
  return files.map(({ path }) => relative(folder, path));
}

it.each<[what: string, paths: string[], files: string[]]>([
  ['a file', ['sales.csv'], ['sales.csv']],
  ['files in the order given', ['b.parquet', 'a.parquet'], ['b.parquet', 'a.parquet']],
  ['a file that is named twice, once', ['a.parquet', '*.parquet'], ['a.parquet', 'b.parquet']],
  ['a glob by name', ['[ab].parquet'], ['a.parquet', 'b.parquet']],
  ['alternatives', ['{b,a}.parquet'], ['a.parquet', 'b.parquet']],
  [
    'a glob over folders',
    ['days/*/*.parquet'],
    [
      'days/date=2026-11-21/part-0.parquet',
      'days/date=2026-11-22/part-1.parquet',
      'days/_temporary/part-9.parquet',
    ],
  ],
  [
    'the tables below a folder, without hidden and temporary ones',
    ['days'],
    ['days/date=2026-11-21/part-0.parquet', 'days/date=2026-11-22/part-1.parquet'],
  ],
  ['a name with characters of globs as it is', ["it's [1] {x} *.csv"], ["it's [1] {x} *.csv"]],
])('finds %s', async (_, paths, files) => {
  expect((await found(paths)).sort()).toEqual([...files].sort());
});

it('keeps the order of a folder by name', async () => {
  expect(await found(['days'])).toEqual([
    'days/date=2026-11-21/part-0.parquet',
    'days/date=2026-11-22/part-1.parquet',
  ]);
});

it('takes every file of a folder where the format is told', async () => {
  expect(await found(['only-notes'], 'csv')).toEqual(['only-notes/readme.md']);
});

it('says size and time of change', async () => {
  const [file] = await findFiles([join(folder, 'sales.csv')]);
  expect(file).toMatchObject({ bytes: 7, modifiedMs: expect.any(Number) });
});

describe('says what is wrong with', () => {
  it.each<[what: string, path: string, code: string, says: string]>([
    [
      'a name that is not there, with the nearest',
      'sale.csv',
      'INPUT_NOT_FOUND',
      'Did you mean "sales.csv"?',
    ],
    ['a glob that matches nothing', '*.jsonl', 'INPUT_NOT_FOUND', 'No file matches'],
    ['a folder without tables', 'only-notes', 'INPUT_NOT_FOUND', 'holds no table'],
    ['an empty file', 'empty.csv', 'INPUT_EMPTY', 'is empty (0 bytes)'],
    ['a path below a file', 'sales.csv/part.csv', 'INPUT_NOT_FOUND', 'does not exist'],
  ])('%s', async (_, path, code, says) => {
    await expect(found([path])).rejects.toMatchObject({ code });
    await expect(found([path])).rejects.toThrow(says);
  });

  it('a URL, without its password', async () => {
    const files = findFiles(['s3://user:secret@bucket/sales.parquet']);
    await expect(files).rejects.toMatchObject({ code: 'USAGE' });
    await expect(files).rejects.not.toThrow('secret');
  });
});

describe('where files arrive', () => {
  const arrived = async (path: string) =>
    (await findArrivedFiles([join(folder, path)])).map((file) => [relative(folder, file.path), file.bytes]);

  it('there may be none yet: no match of a glob, no table in a folder', async () => {
    expect(await arrived('*.jsonl')).toEqual([]);
    expect(await arrived('only-notes')).toEqual([]);
    expect(await arrived('days/*/*.csv')).toEqual([]);
  });

  it('a file may have no bytes yet', async () => {
    expect(await arrived('[es]*.csv')).toEqual([
      ['empty.csv', 0],
      ['sales.csv', 7],
    ]);
  });

  it.each([
    ['nowhere', 'nowhere, where'],
    ['nowhere/*.csv', 'nowhere/, where'],
    ['dayz/date=*/*.csv', 'dayz, where'],
  ])('the place itself has to exist: %s', async (path, says) => {
    await expect(findArrivedFiles([join(folder, path)])).rejects.toMatchObject({
      code: 'INPUT_NOT_FOUND',
      message: expect.stringContaining(says),
    });
  });
});

describe('reads a file once, by whatever path it is found', () => {
  let links: string;

  beforeAll(async () => {
    links = await temporaryFolder();
    await mkdir(join(links, 'day'));
    await writeFile(join(links, 'day/b.csv'), 'x\n1\n');
    await symlink('day/b.csv', join(links, 'a-latest.csv'));
    await symlink('day', join(links, 'current'));
    await symlink('..', join(links, 'day/up'));
    await link(join(links, 'day/b.csv'), join(links, 'z-hard.csv'));
    await writeFile(join(links, 'other.csv'), 'x\n1\n');
  });

  it.each<[what: string, paths: string[], files: string[]]>([
    ['links, hard links and folders that are links', ['.'], ['day/b.csv', 'other.csv']],
    ['overlapping globs', ['*.csv', 'day/*.csv'], ['z-hard.csv', 'other.csv']],
    ['a path that is named twice in two ways', ['other.csv', './day/../other.csv'], ['other.csv']],
    ['a folder that is a link itself', ['current'], ['current/b.csv']],
  ])('%s', async (_, paths, files) => {
    const found = await findFiles(paths.map((path) => `${links}/${path}`));
    const names = found.map(({ path }) => relative(links, path)).filter((name) => !name.includes('/up/'));
    expect(names.sort()).toEqual([...files].sort());
  });

  it('and says so', async () => {
    const [file, ...others] = await findFiles([join(links, 'a-latest.csv'), join(links, 'day/b.csv')]);
    expect(others).toEqual([]);
    expect(file).toMatchObject({ path: join(links, 'day/b.csv'), alsoAt: [join(links, 'a-latest.csv')] });
    expect(sameFileNotes([file as SourceFile])).toEqual([
      `${links}/a-latest.csv is the same file as ${links}/day/b.csv: its rows are read once`,
    ]);
  });
});

describe('never waits for, and never passes over,', () => {
  let odd: string;
  let server: Server;

  afterAll(() => void server.close());

  beforeAll(async () => {
    odd = await temporaryFolder();
    for (const name of ['dead', 'loop', 'pipe', 'socket', 'device']) await mkdir(join(odd, name));
    await symlink('nowhere.csv', join(odd, 'dead/x.csv'));
    await symlink('x.csv', join(odd, 'loop/x.csv'));
    execFileSync('mkfifo', [join(odd, 'pipe/x.csv')]);
    await symlink('/dev/zero', join(odd, 'device/x.csv'));
    server = createServer().listen(join(odd, 'socket/x.csv'));
    await once(server, 'listening');
  });

  it.each([
    ['a link to nothing', 'dead', 'is a link to nowhere.csv, which does not exist'],
    ['a link to itself', 'loop', 'is a link to x.csv, which leads back to itself'],
    ['a named pipe', 'pipe', 'is a named pipe; expected a file'],
    ['a socket', 'socket', 'is a socket; expected a file'],
    ['a device', 'device', 'is a device; expected a file'],
  ])('%s', async (_, name, says) => {
    for (const path of [name, `${name}/x.csv`, `${name}/*.csv`]) {
      await expect(findFiles([join(odd, path)])).rejects.toThrow(says);
      await expect(findArrivedFiles([join(odd, path)])).rejects.toThrow(says);
    }
  });
});
