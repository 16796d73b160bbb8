import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { BadCells } from '../../../src/core/table.ts';
import { NO_NEEDS } from '../../../src/source/csv/staged-columns.ts';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { findFiles } from '../../../src/source/files/find-files.ts';
import { createFeatureTables } from '../../../src/source/tables/feature-tables.ts';
import { keepCopies } from '../../../src/source/tables/kept-copies.ts';
import { withTableRows } from '../../../src/source/tables/small-table.ts';
import { openDatabase } from '../../support/database.ts';
import { temporaryFolder } from '../../support/project.ts';

const CONTENT = `code,size,day\n${Array.from({ length: 30 }, (_, row) => `0${row},${row / 4},2026-11-21\n`).join('')}x,n/a,\n`;

let copies: string;
let path: string;

beforeEach(async () => {
  const folder = await temporaryFolder();
  copies = join(folder, 'copies');
  path = join(folder, 'stores.csv');
  await writeFile(path, CONTENT);
});

interface Made {
  readonly database: Database;
  readonly badCells: readonly BadCells[];
  readonly rows: readonly Record<string, unknown>[];
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Whether the file was read: it is not where a copy was found. */
  readonly staged: boolean;
}

/** In a database of its own, as each worker has one. */
async function make(folder: string | null = copies): Promise<Made> {
  const database = await openDatabase();
  if (folder !== null) keepCopies(database, folder);
  const run = vi.spyOn(database, 'run');
  const badCells = await createFeatureTables(database, [
    { name: 'stores', sources: await findFiles([path]), paths: [path] },
  ]);
  const staged = run.mock.calls.some(([sql]) => sql.includes('COPY'));
  run.mockRestore();
  const rows = await database.rows('SELECT * FROM stores');
  return { database, badCells, rows, columns: await database.describe('SELECT * FROM stores'), staged };
}

describe('a copy that is kept', () => {
  it('gives other databases the same table, without reading the file again', async () => {
    const [alone, first, second] = [await make(null), await make(), await make()];
    expect([alone.staged, first.staged, second.staged]).toEqual([true, true, false]);
    for (const { rows, columns, badCells } of [first, second])
      expect({ rows, columns, badCells }).toEqual({
        rows: alone.rows,
        columns: alone.columns,
        badCells: alone.badCells,
      });
    expect(second.badCells).toHaveLength(1);
  });

  it('is another one where the file changes', async () => {
    await make();
    await writeFile(path, 'code,size\n5,6\n');
    const { rows, staged } = await make();
    expect({ rows, staged }).toEqual({ rows: [{ code: '5', size: '6' }], staged: true });
  });

  it('is made again where its Parquet file is gone', async () => {
    const { rows } = await make();
    for (const name of await readdir(copies))
      if (name.endsWith('.parquet')) await rm(join(copies, name), { recursive: true });
    expect(await make()).toMatchObject({ rows, staged: true });
  });

  it('is none of a table that cannot be read', async () => {
    await writeFile(path, 'code,size\n1,2\n3,4,5\n');
    await expect(make()).rejects.toMatchObject({ code: 'INPUT_MALFORMED_ROW' });
    expect((await readdir(copies)).filter((name) => name.endsWith('.json'))).toEqual([]);
  });

  it('is that of whoever asks for the one of several key columns that the table has', async () => {
    await make();
    const table = { field: 'f', sources: await findFiles([path]), paths: [path], hive: false } as const;
    const database = await openDatabase();
    keepCopies(database, copies);
    const typesFor = (keys: readonly string[]): Promise<readonly string[]> =>
      withTableRows(database, { ...table, needs: { ...NO_NEEDS, keys } }, async ({ columns }) =>
        columns.map(({ type }) => type),
      );
    const expected = await typesFor(['SIZES', 'SIZE']);
    const before = await readdir(copies);
    expect(await typesFor(['size'])).toEqual(expected);
    expect(await readdir(copies)).toEqual(before);
    expect(await typesFor(['day'])).not.toEqual(expected);
  });

  it('may be made by several at the same time', async () => {
    const made = await Promise.all([make(), make(), make()]);
    const { rows, staged } = await make();
    expect(staged).toBe(false);
    for (const each of made) expect(each.rows).toEqual(rows);
  });
});
