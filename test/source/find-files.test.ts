import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TableFormat } from '../../src/core/table.ts';
import { findArrivedFiles, findFiles } from '../../src/source/find-files.ts';
import { temporaryFolder } from '../support/project.ts';

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
  [
    'a file that is named twice, once',
    ['a.parquet', '*.parquet'],
    ['a.parquet', 'b.parquet', 'link.parquet'],
  ],
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
