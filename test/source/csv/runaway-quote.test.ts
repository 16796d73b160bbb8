import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import type { ResolvedInput } from '../../../src/core/table.ts';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { openDatabase } from '../../support/database.ts';
import { temporaryFolder } from '../../support/project.ts';
import { resolveTable } from '../../support/resolve-table.ts';

let database: Database;
beforeAll(async () => {
  database = await openDatabase();
});

/** 400 rows, with others at some places. Malformed rows are set aside. */
async function stage(others: Readonly<Record<number, string>>, width = 4): Promise<ResolvedInput> {
  const path = join(await temporaryFolder(), 'table.csv');
  const rows = Array.from({ length: 400 }, (_, row) => others[row] ?? `${row},${'x'.repeat(width)},1`);
  await writeFile(path, `a,b,c\n${rows.join('\n')}\n`);
  return resolveTable(database, [path], { setAside: true });
}

it.each([
  ['to the end of the file', { 300: '300,"x,1' }, 4, 301],
  ['to a quote far behind', { 100: '100,"x,1', 120: '120,"x",1' }, 4, 101],
  ['over long lines, of which DuckDB keeps two', { 300: '300,"x,1' }, 6000, 301],
])('ends the run where it goes %s', async (_, others, width, line) => {
  await expect(stage(others, width)).rejects.toMatchObject({
    code: 'INPUT_MALFORMED_ROW',
    message: expect.stringMatching(
      new RegExp(
        `table\\.csv:${line + 1} has a quote that turns this line and at least \\d+ more into one row`,
      ),
    ),
  });
});

it.each([
  ['a quote inside a field of a few lines', { 300: '300,"x\ny" z,1' }],
  ['a quote that takes the last line only', { 399: '399,"x,1' }],
])('leaves one row to be set aside: %s', async (_, others) => {
  expect(await stage(others)).toMatchObject({ rows: 399, stagingRejects: 1 });
});
