import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readOddLines } from '../../src/source/csv/read-odd-lines.ts';
import type { StagedColumn } from '../../src/source/csv/staged-columns.ts';
import { openDatabase } from '../support/database.ts';
import { temporaryFolder } from '../support/project.ts';

// The built files: threads are started with them.
const { copyDirectly }: typeof import('../../src/source/csv/direct/copy-directly.ts') = await import(
  fileURLToPath(new URL('../../dist/source/csv/direct/copy-directly.js', import.meta.url))
);

const ROWS = 700_000;
const DIALECT = {
  ...{ delimiter: ',', quote: '"', escape: '"', encoding: 'utf-8' },
  ...{ header: true, skip: 0, preamble: 0, isSkipPlain: true, names: ['row', 'text'] },
};
const COLUMN = { isGiven: false, textColumn: null, isKey: false, isOpen: false };

const COLUMNS: readonly StagedColumn[] = [
  { ...COLUMN, name: 'row', type: 'BIGINT', check: 'exact' },
  { ...COLUMN, name: 'text', type: 'VARCHAR', check: 'none' },
];

async function copyOf(late: string): Promise<readonly number[] | null> {
  const database = await openDatabase();
  const folder = await temporaryFolder();
  const path = join(folder, 'in.csv');
  const lines = Array.from({ length: ROWS }, (_, row) => `${row},text of many bytes ${row % 7}`);
  lines[ROWS - 5] = late;
  await writeFile(path, `row,text\n${lines.join('\n')}\n`);
  const target = join(folder, 'out.parquet');
  const copy = await copyDirectly({
    groups: [{ dialect: DIALECT, paths: [path] }],
    columns: COLUMNS,
    ...{ options: {}, target, threads: 3, signal: new AbortController().signal },
    readOddLines: (lines) => readOddLines(database, { columns: COLUMNS, options: {}, target }, lines),
  });
  if (copy === null) return null;
  const [found] = await database.rows(
    `SELECT count(*) AS n FROM read_parquet('${target}', file_row_number = true) WHERE row = file_row_number`,
  );
  return [...copy.rows, Number(found?.n)];
}

it('copies a large file in threads, rows in order, also around an odd cell near its end', async () => {
  expect(await copyOf(`${ROWS - 5},`)).toEqual([ROWS, ROWS]);
  expect(await copyOf('n/a,x')).toEqual([ROWS, ROWS - 1]);
  expect(await copyOf('5')).toBeNull();
});
