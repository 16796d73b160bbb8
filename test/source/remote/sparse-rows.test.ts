import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ResolvedInput } from '../../../src/core/table.ts';
import { NO_NEEDS } from '../../../src/source/csv/staged-columns.ts';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { fileRowsSql, segmentsOf } from '../../../src/source/file-rows.ts';
import { findFiles } from '../../../src/source/files/find-files.ts';
import { fetchScanned } from '../../../src/source/remote/fetch-rows.ts';
import { scannedColumns } from '../../../src/source/remote/scanned-columns.ts';
import { spoolOf } from '../../../src/source/remote/spool.ts';
import { readTable } from '../../../src/source/resolve-input.ts';
import { openStorage } from '../../../src/storage/open-storage.ts';
import { openDatabase } from '../../support/database.ts';
import { type HeedlessS3, startHeedlessS3 } from '../../support/heedless-s3.ts';

let server: HeedlessS3 | undefined;
let database: Database;
beforeAll(async () => {
  server = await startHeedlessS3(['data']);
  for (const [name, value] of Object.entries(server.environment)) vi.stubEnv(name, value);
  database = await openDatabase();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server?.stop();
});

/** A Parquet file here and in the bucket; returns its path here. */
async function store(name: string, select: string): Promise<string> {
  const path = join(database.temporaryFolder, name);
  await database.run(
    `COPY (${select}) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 20480, COMPRESSION uncompressed)`,
  );
  await (await openStorage('s3://data')).put(name, { path });
  return path;
}

async function read(address: string): Promise<ResolvedInput> {
  return readTable(database, {
    ...{ paths: [address], format: 'parquet', needs: NO_NEEDS, setAside: false },
    ...{ stagedPath: '', stagingRejectsPath: '' },
    source: { sources: await findFiles([address]), fingerprint: '' },
    options: { hivePartitioning: 'auto', csv: {}, json: {} },
  });
}

/** 8 row groups of columns that do not compress, larger than the gaps that are read. */
function wide(id: string): string {
  const others = ['alpha', 'bravo', 'charlie', 'delta', 'echo'].map(
    (name, index) => `hash(range * 7 + ${index}) AS ${name}`,
  );
  return `SELECT ${id} AS id, ${others.join(', ')} FROM range(163840)`;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

describe('of Parquet in a bucket', () => {
  it('a shard reads its row groups and columns, and gets the same values; the rest is no value', async () => {
    const path = await store('wide.parquet', wide('range'));
    const input = await read('s3://data/wide.parquet');
    const range = { rowStart: 50_000, rowEnd: 70_000 };
    const rows = await fileRowsSql(database, input, range, { fetch: 'later' });
    const select = `SELECT id, charlie FROM (${rows})`;
    await fetchScanned(database, input, segmentsOf(input.files, range.rowStart, range.rowEnd), select);
    const sum = (from: string) =>
      database.rows(`SELECT count(*) AS n, sum(hash(id, charlie)) AS s FROM (${from})`);
    expect(await sum(select)).toEqual(
      await sum(`SELECT * FROM '${path}' WHERE id >= ${range.rowStart} AND id < ${range.rowEnd}`),
    );
    const [[copy] = ['']] = spoolOf(database).copies();
    const { size, blocks } = await stat(copy);
    expect(size).toBe((await stat(path)).size);
    expect(blocks * 512).toBeLessThan(size / 3);
    await expect(database.rows(`SELECT sum(echo) FROM (${rows})`)).rejects.toThrow();
  });

  it('values are read to unite files that have a column with different types', async () => {
    const ids = ['range::INTEGER', '(range % 100)::DECIMAL(38, 10)', 'NULL::VARCHAR'];
    for (const [index, id] of ids.entries()) await store(`differ-${index}.parquet`, wide(id));
    const { rows, columns } = await read('s3://data/differ-*.parquet');
    const local = await readTable(database, {
      ...{ paths: [], format: 'parquet', needs: NO_NEEDS, setAside: false },
      ...{ stagedPath: '', stagingRejectsPath: '' },
      source: {
        sources: await findFiles([join(database.temporaryFolder, 'differ-*.parquet')]),
        fingerprint: '',
      },
      options: { hivePartitioning: 'auto', csv: {}, json: {} },
    });
    expect({ rows, columns }).toEqual({ rows: 3 * 163_840, columns: local.columns });
  });

  it('columns that a SELECT scans are found among many, and under odd names', async () => {
    const odd = ['a"b', "q'x", 'x, y', 'Ü', 'a\\b'];
    const names = [...Array.from({ length: 400 }, (_, index) => `column number ${index}`), ...odd];
    const list = names.map((name, index) => `hash(range + ${index}) AS ${quoted(name)}`);
    await store(
      'many.parquet',
      `SELECT ${list.join(', ')}, {'p': range, 'q': [range]} AS st FROM range(2000)`,
    );
    const input = await read('s3://data/many.parquet');
    const all = input.columns.map(({ name }) => name);
    const rows = await fileRowsSql(database, input, { rowStart: 0, rowEnd: 2000 }, { fetch: 'later' });
    expect(await scannedColumns(database, `SELECT * FROM (${rows})`, all)).toEqual(all);
    const some = `SELECT ${odd.map(quoted).join(', ')}, st.p FROM (${rows}) WHERE "column number 399" > 9000000000000000000 AND "column number 398" % 3 = 1`;
    expect(await scannedColumns(database, some, all)).toEqual(
      expect.arrayContaining([...odd, 'st', 'column number 398', 'column number 399']),
    );
    await fetchScanned(database, input, segmentsOf(input.files, 0, 2000), some);
    expect(await database.rows(some)).not.toEqual([]);
  });
});

const TYPES = {
  integer: 'range::INT',
  double: 'range::DOUBLE',
  text: "'x' || range",
  boolean: 'range % 2 = 0',
  list: '[range, 2]',
  null: 'NULL::INT',
  constant: '1',
  time: "TIMESTAMP '2020-01-01' + to_seconds(range)",
  decimal: 'range::DECIMAL(38, 2)',
} as const;

it.each(['uncompressed', 'snappy', 'zstd', 'lz4_raw', 'gzip', 'brotli'])(
  'DuckDB takes a gap for damage, whatever the type, with %s',
  async (codec) => {
    const path = join(database.temporaryFolder, `gap-${codec}.parquet`);
    for (const [type, sql] of Object.entries(TYPES))
      for (const version of ['V1', 'V2']) {
        await database.run(
          `COPY (SELECT ${sql} AS v FROM range(5000)) TO '${path}' (FORMAT parquet, COMPRESSION ${codec}, PARQUET_VERSION ${version})`,
        );
        const whole = await readFile(path);
        const footer = whole.length - 8 - whole.readUInt32LE(whole.length - 8);
        await writeFile(path, whole.fill(0, 0, footer));
        await expect(
          database.rows(`SELECT max(hash(v)) FROM '${path}'`),
          `${type} ${version}`,
        ).rejects.toThrow();
      }
  },
);
