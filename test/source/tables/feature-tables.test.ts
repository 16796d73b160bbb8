import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import type { BadCells } from '../../../src/core/table.ts';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { findFiles } from '../../../src/source/files/find-files.ts';
import { createFeatureTables } from '../../../src/source/tables/feature-tables.ts';
import { openDatabase } from '../../support/database.ts';
import { temporaryFolder } from '../../support/project.ts';

let database: Database;
let folder: string;

beforeEach(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
});

async function make(content: string, name = 'stores.csv'): Promise<readonly BadCells[]> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return createFeatureTables(database, [{ name: 'stores', sources: await findFiles([path]), paths: [path] }]);
}

const rows = (): Promise<Record<string, unknown>[]> => database.rows('SELECT * FROM stores');

it('has the values of a CSV as an input would have them', async () => {
  await make('code,size,day\n0012,1.50,2026-11-21\n0013,2,2026-11-22\n');
  expect(await rows()).toEqual([
    { code: '0012', size: 1.5, day: '2026-11-21' },
    { code: '0013', size: 2, day: '2026-11-22' },
  ]);
});

it('counts the cells that do not have the type of their column', async () => {
  const lines = Array.from({ length: 20 }, (_, index) => `${index},${index}`);
  expect(await make(`id,size\n${lines.join('\n')}\n20,n/a\n`)).toEqual([
    {
      column: 'stores.size',
      type: 'BIGINT',
      count: 1,
      file: join(folder, 'stores.csv'),
      line: 22,
      value: 'n/a',
    },
  ]);
  expect(await rows()).toContainEqual({ id: '20', size: null });
});

it('is there once, and leaves no copy behind', async () => {
  await make('id\n1\n');
  const path = join(folder, 'stores.csv');
  await createFeatureTables(database, [{ name: 'stores', sources: await findFiles([path]), paths: [path] }]);
  expect(await rows()).toEqual([{ id: '1' }]);
  expect((await readdir(database.temporaryFolder)).filter((name) => name.startsWith('table-'))).toEqual([]);
});

it('may have no rows', async () => {
  await make('id,size\n');
  expect(await rows()).toEqual([]);
  expect(await database.describe('SELECT * FROM stores')).toMatchObject([{ name: 'id' }, { name: 'size' }]);
});

it('names the field, the file and the line of a malformed row', async () => {
  await expect(make('id,size\n1,2\n3,4,5\n')).rejects.toMatchObject({
    code: 'INPUT_MALFORMED_ROW',
    message: `features.tables.stores: ${join(folder, 'stores.csv')}:3 has 3 fields; expected 2: "3,4,5". Mend the line.`,
  });
});

it('takes no folder above it for a column', async () => {
  const path = join(folder, 'id=9/stores.parquet');
  await mkdir(dirname(path), { recursive: true });
  await database.run(`COPY (SELECT 1 AS id) TO '${path}' (FORMAT parquet)`);
  await createFeatureTables(database, [{ name: 'stores', sources: await findFiles([path]), paths: [path] }]);
  expect(await rows()).toEqual([{ id: 1 }]);
});
