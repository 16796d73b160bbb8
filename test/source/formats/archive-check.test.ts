import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { findFiles } from '../../../src/source/files/find-files.ts';
import { assertWholeArchives } from '../../../src/source/formats/archive-check.ts';
import { openDatabase } from '../../support/database.ts';
import { temporaryFolder } from '../../support/project.ts';

let database: Database;
let folder: string;

beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
});

async function check(name: string, content: Buffer): Promise<void> {
  const path = join(folder, name);
  await writeFile(path, content);
  await assertWholeArchives(await findFiles([path]));
}

const GZIP = gzipSync(Buffer.alloc(100_000, 'row,'));

describe('a gzip file', () => {
  it.each<[what: string, content: Buffer]>([
    ['whole', GZIP],
    ['of several members', Buffer.concat([GZIP, GZIP])],
  ])('that is %s passes', async (_, content) => {
    await expect(check('t.csv.gz', content)).resolves.toBeUndefined();
  });

  it.each<[what: string, content: Buffer]>([
    ['cut off in the middle', GZIP.subarray(0, GZIP.length / 2)],
    ['cut off before its checksum', GZIP.subarray(0, GZIP.length - 8)],
    ['of another checksum', Buffer.concat([GZIP.subarray(0, GZIP.length - 8), Buffer.alloc(8)])],
    ['no gzip at all', Buffer.from('a,b\n1,2\n')],
  ])('that is %s is refused', async (_, content) => {
    await expect(check('t.csv.gz', content)).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: expect.stringContaining('t.csv.gz cannot be read'),
    });
  });
});

describe('a Zstandard file', () => {
  /** DuckDB writes it: an implementation other than the one that is tested. */
  async function zstd(rows: number): Promise<Buffer> {
    const path = join(folder, `${rows}.csv.zst`);
    await database.run(
      `COPY (SELECT range, random() AS r FROM range(${rows})) TO '${path}' (FORMAT csv, COMPRESSION zstd)`,
    );
    return readFile(path);
  }

  it.each([1, 30_000])('that is whole passes (%i rows)', async (rows) => {
    await expect(check('t.csv.zst', await zstd(rows))).resolves.toBeUndefined();
  });

  it('of several frames passes', async () => {
    await expect(
      check('t.csv.zst', Buffer.concat([await zstd(1), await zstd(30_000)])),
    ).resolves.toBeUndefined();
  });

  it('with a block that repeats one byte passes whole, and not without that byte', async () => {
    const repeated = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 10, (10 << 3) | 0b11, 0, 0, 0x61]);
    await expect(check('t.csv.zst', repeated)).resolves.toBeUndefined();
    await expect(check('t.csv.zst', repeated.subarray(0, -1))).rejects.toThrow('Zstandard frame');
  });

  it('with a skippable frame passes', async () => {
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    await expect(check('t.csv.zst', Buffer.concat([skippable, await zstd(1)]))).resolves.toBeUndefined();
  });

  it('that was cut off anywhere is refused', async () => {
    const whole = await zstd(30_000);
    for (const share of [0.1, 0.5, 0.9])
      await expect(check('t.csv.zst', whole.subarray(0, whole.length * share))).rejects.toMatchObject({
        code: 'INPUT_UNREADABLE',
      });
    await expect(check('t.csv.zst', whole.subarray(0, whole.length - 1))).rejects.toThrow('Zstandard frame');
  });

  it('that is none is refused', async () => {
    await expect(check('t.csv.zst', Buffer.from('a,b\n1,2\n'))).rejects.toThrow('it is not a Zstandard file');
  });
});

describe('input.maxBytes', () => {
  const limited = async (files: Readonly<Record<string, Buffer>>, maxBytes: number): Promise<void> => {
    const paths = Object.keys(files).map((name) => join(folder, name));
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    await assertWholeArchives(await findFiles(paths), maxBytes);
  };

  it('counts what an archive holds, not what it takes', async () => {
    expect(GZIP.length).toBeLessThan(1000);
    await expect(limited({ 'bomb.csv.gz': GZIP }, 99_999)).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: expect.stringMatching(
        /more than 100\.0 kB, the limit of input\.maxBytes, with .*bomb\.csv\.gz/,
      ),
    });
    await expect(limited({ 'bomb.csv.gz': GZIP }, 100_000)).resolves.toBeUndefined();
  });

  it('counts all files together', async () => {
    const files = { 'limit-1.csv': Buffer.from('a,b\n1,2\n'), 'limit-2.csv.gz': gzipSync('a,b\n1,2\n') };
    await expect(limited(files, 15)).rejects.toThrow('limit-2.csv.gz');
    await expect(limited(files, 16)).resolves.toBeUndefined();
  });
});
