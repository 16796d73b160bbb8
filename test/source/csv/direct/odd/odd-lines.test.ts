import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { copyDirectly, type DirectCopy } from '../../../../../src/source/csv/direct/copy-directly.ts';
import { readOddLines } from '../../../../../src/source/csv/read-odd-lines.ts';
import type { StagedColumn } from '../../../../../src/source/csv/staged-columns.ts';
import { type CsvGroup, stagingSelect } from '../../../../../src/source/csv/staging-select.ts';
import type { Database } from '../../../../../src/source/duckdb/database.ts';
import { copyToStaged } from '../../../../../src/source/formats/staged-copy.ts';
import { openDatabase } from '../../../../support/database.ts';
import { temporaryFolder } from '../../../../support/project.ts';

/** As many as make two row groups. */
const ROWS = 123_900;
const TYPES = { whole: 'BIGINT', number: 'DOUBLE', day: 'DATE', instant: 'TIMESTAMP', truth: 'BOOLEAN' };
const NAMES = [...Object.keys(TYPES), 'text'];
const COLUMNS = [...Object.entries(TYPES), ['text', 'VARCHAR']].map(
  ([name = '', type = '']): StagedColumn => {
    const check = type === 'VARCHAR' ? 'none' : /DOUBLE|BOOLEAN/.test(type) ? 'plain' : 'exact';
    return { name, type, check, isGiven: false, textColumn: null, isKey: false, isOpen: false };
  },
);
const DIALECT = {
  ...{ delimiter: ',', quote: '"', escape: '"', encoding: 'utf-8', names: NAMES },
  ...{ header: true, skip: 0, preamble: 0, isSkipPlain: true },
};
const PLAIN = '5,1.5,2026-11-21,2026-11-21 10:30:00,true,ä';
/** Of each column, cells that are of no type, and others that are written in another way than most. */
const ODD = [
  ...['\ufeff5,1.5,,,,x', '007,1.5,,,,x', ' 5,1.5,,,,x', '"5 ",,,,,"a, ""b"""', '-0,,,,,', '1e3,,,,,'],
  ...[',n/a,,,,', ',+1.5,,,,x', ',-inf,,,,', ',-nan,,,,', ',1e5,,,,', ',1e-400,,,,', ',1_000,,,,x'],
  ...[',,2026/11/21,,,', ',,2026-02-30,,,', ',,,2026-11-21T10:30,,', ',,,2026-11-21 24:00:00,,'],
  ...[',,,,yes,', ',,,,"no",x', ',,,,perhaps,\ufeffx', 'x,x,x,x,x,x', '9223372036854775808,,,,,'],
];

let database: Database;
let folder: string;
beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
});

async function groupOf(name: string, lines: readonly string[], newline = '\n'): Promise<CsvGroup> {
  const path = join(folder, name);
  await writeFile(path, [NAMES.join(','), ...lines].join(newline));
  return { dialect: DIALECT, paths: [path] };
}

function copy(groups: readonly CsvGroup[], target: string): Promise<DirectCopy | null> {
  return copyDirectly({
    ...{ groups, columns: COLUMNS, options: {}, target, threads: 1, signal: new AbortController().signal },
    readOddLines: (lines) => readOddLines(database, { columns: COLUMNS, options: {}, target }, lines),
  });
}

/** The rows of a staged copy that are not the plain one, with their numbers and the bits of their values. */
async function rowsOf(staged: string): Promise<unknown[]> {
  const rows = `SELECT COLUMNS(*)::VARCHAR, signbit(number) AS negative FROM read_parquet('${staged}', file_row_number = true)`;
  const plain = "(5, 1.5, DATE '2026-11-21', TIMESTAMP '2026-11-21 10:30:00', true, 'ä')";
  return database.rows(
    `${rows} WHERE (whole, number, day, instant, truth, text) IS DISTINCT FROM ${plain} ORDER BY file_row_number`,
  );
}

async function expectCareful(groups: readonly CsvGroup[], target: string): Promise<void> {
  const careful = `${target}.careful`;
  const selects = groups.map((group) => stagingSelect(group, COLUMNS, {}, false));
  await copyToStaged(database, selects.join(' UNION ALL BY NAME '), careful);
  expect(await database.describe(`SELECT * FROM read_parquet('${target}')`)).toEqual(
    await database.describe(`SELECT * FROM read_parquet('${careful}')`),
  );
  expect(await rowsOf(target)).toEqual(await rowsOf(careful));
}

it('has of lines with other cells what is read with care, wherever they stand', async () => {
  const lines = new Array<string>(ROWS).fill(PLAIN);
  for (const [index, line] of ODD.entries()) lines[122_876 + index] = line;
  for (const row of [0, 1, 2, 60_000, ROWS - 2, ROWS - 1]) lines[row] = ODD[row % ODD.length] as string;
  const groups = [await groupOf('large.csv', lines)];
  const target = join(folder, 'large.parquet');
  expect(await copy(groups, target)).toEqual({ rows: [ROWS], isPlain: false });
  await expectCareful(groups, target);
  expect((await readdir(dirname(target))).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

it('has them of several files, whose columns are in another order or missing', async () => {
  const first = await groupOf('first.csv', [PLAIN, 'n/a,,,,,', PLAIN], '\r\n');
  const path = join(folder, 'second.csv');
  await writeFile(path, 'text;number\nx;1.5\nx;+1.5\n;\nx;n/a');
  const second = { dialect: { ...DIALECT, delimiter: ';', names: ['text', 'number'] }, paths: [path] };
  const third = await groupOf('third.csv', ['x,,,,,', PLAIN]);
  const target = join(folder, 'several.parquet');
  expect((await copy([first, second, third], target))?.rows).toEqual([3, 4, 2]);
  await expectCareful([first, second, third], target);
});

it.each([
  ['too many of them', [...new Array<string>(600).fill(PLAIN), ...new Array<string>(40).fill('n/a,,,,,')]],
  ['a line that is not a record', [PLAIN, 'n/a,,,,,', '1,2']],
  ['a newline in quotes', [PLAIN, 'n/a,,,,,', '5,,,,,"x', 'y"']],
])('leaves files to others for %s, and nothing behind', async (what, lines) => {
  const groups = [await groupOf(`${what}.csv`, lines)];
  const target = join(folder, `${what}.parquet`);
  expect(await copy(groups, target)).toBeNull();
  expect(existsSync(target)).toBe(false);
});
