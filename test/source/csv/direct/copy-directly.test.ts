import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { copyDirectly } from '../../../../src/source/csv/direct/copy-directly.ts';
import type { StagedColumn } from '../../../../src/source/csv/staged-columns.ts';
import type { Database } from '../../../../src/source/duckdb/database.ts';
import { openDatabase } from '../../../support/database.ts';
import { temporaryFolder } from '../../../support/project.ts';

/** As many as make two row groups. */
const ROWS = 130_000;
const TYPES = {
  whole: 'BIGINT',
  small: 'SMALLINT',
  number: 'DOUBLE',
  day: 'DATE',
  instant: 'TIMESTAMP',
  truth: 'BOOLEAN',
  few: 'VARCHAR',
  many: 'VARCHAR',
} as const;
type Name = keyof typeof TYPES;
const NAMES = Object.keys(TYPES) as Name[];
const DIALECT = {
  ...{ delimiter: ',', quote: '"', escape: '"', encoding: 'utf-8' },
  ...{ header: true, skip: 0, preamble: 0, isSkipPlain: true },
};

let database: Database;
let folder: string;
beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
});

function column(name: Name): StagedColumn {
  const type = TYPES[name];
  const isExact = type !== 'DOUBLE' && type !== 'BOOLEAN';
  const check = type === 'VARCHAR' ? 'none' : isExact ? 'exact' : 'plain';
  return { name, type, check, isGiven: false, textColumn: null, isKey: false, isOpen: false };
}

function cell(name: Name, row: number): string {
  if (row % 11 === NAMES.indexOf(name)) return '';
  switch (name) {
    case 'whole':
      return row % 3 === 0 ? String((BigInt(row) - 120_000n) ** 3n) : String(row % 50);
    case 'small':
      return String((row % 1_999) - 999);
    case 'number':
      return row % 5 === 0 ? String(Math.sin(row)) : (row / 100 - 900).toFixed(row % 4);
    case 'day':
      return new Date(Date.UTC(2_000, 0, 1) + (row % 9_000) * 86_400_000).toISOString().slice(0, 10);
    case 'instant':
      return `2026-11-21 ${String(row % 24).padStart(2, '0')}:30:59${row % 7 === 0 ? '.000125' : ''}`;
    case 'truth':
      return row % 2 === 0 ? 'true' : 'False';
    case 'few':
      return `"ä, ""${row % 9}"""`;
    case 'many':
      return `text ${row}`;
  }
}

/** Lines without their ends. */
function lines(names: readonly Name[], from: number, to: number): string[] {
  const all = [names.join(',')];
  for (let row = from; row < to; row++) all.push(names.map((name) => cell(name, row)).join(','));
  return all;
}

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** Nobody reads odd lines here. */
async function copy(
  groups: readonly { readonly path: string; readonly names: readonly string[] }[],
  target: string,
  { names = NAMES, signal = new AbortController().signal } = {},
): Promise<readonly number[] | null> {
  const copied = await copyDirectly({
    ...{ columns: names.map(column), options: {}, target, threads: 2, signal },
    groups: groups.map(({ path, names }) => ({ dialect: { ...DIALECT, names }, paths: [path] })),
    readOddLines: async () => null,
  });
  return copied?.rows ?? null;
}

/** How many rows differ from those that DuckDB reads of a file by itself; null ones are equal. */
async function differences(
  staged: string,
  paths: readonly string[],
  names: readonly Name[],
): Promise<number> {
  const types = names.map((name) => `'${name}': '${TYPES[name]}'`);
  const read = paths.map(
    (path) => `SELECT ${NAMES.filter((name) => names.includes(name)).join(', ')} FROM read_csv('${path}',
      header = true, auto_detect = false, delim = ',', quote = '"', escape = '"', nullstr = '', columns = {${types.join(', ')}})`,
  );
  const numbered = `SELECT *, row_number() OVER () AS n FROM`;
  const [found] = await database.rows(
    `SELECT count(*) AS n FROM (${numbered} (${read.join(' UNION ALL ')})) a
       FULL JOIN (${numbered} read_parquet('${staged}')) b USING (n)
       WHERE a.n IS NULL OR b.n IS NULL OR ${NAMES.map((name) => `a.${name} IS DISTINCT FROM b.${name}`).join(' OR ')}`,
  );
  return Number(found?.n);
}

it.each([
  ['LF', '\n', true],
  ['CRLF, none at the end', '\r\n', false],
])(
  'copies values of all types and nulls, in row groups, as DuckDB reads them: %s',
  async (name, newline, ends) => {
    const path = await file(`${name}.csv`, lines(NAMES, 0, ROWS).join(newline) + (ends ? newline : ''));
    const target = join(folder, `${name}.parquet`);
    expect(await copy([{ path, names: NAMES }], target)).toEqual([ROWS]);
    expect(await differences(target, [path], NAMES)).toBe(0);
    const described = await database.describe(`SELECT * FROM read_parquet('${target}')`);
    expect(described).toEqual(NAMES.map((each) => ({ name: each, type: TYPES[each] })));
    const groups = await database.rows(
      `SELECT DISTINCT row_group_id AS id, row_group_num_rows AS n FROM parquet_metadata('${target}') ORDER BY id`,
    );
    expect(groups.map(({ n }) => Number(n))).toEqual([122_880, 7_120]);
  },
);

it('joins files in one row group, with columns in another order', async () => {
  const reversed = [...NAMES].reverse();
  const first = await file('first.csv', lines(NAMES, 0, 3).join('\n'));
  const second = await file('second.csv', lines(reversed, 3, 7).join('\r\n'));
  const empty = await file('empty.csv', `${NAMES.join(',')}\n`);
  const target = join(folder, 'joined.parquet');
  const groups = [first, empty].map((path) => ({ path, names: NAMES }));
  expect(await copy([...groups, { path: second, names: reversed }], target)).toEqual([3, 0, 4]);
  const whole = await file('whole.csv', `${lines(NAMES, 0, 7).join('\n')}\n`);
  expect(await differences(target, [whole], NAMES)).toBe(0);
});

it('has nulls where a file lacks a column', async () => {
  const names = NAMES.slice(0, 2);
  const path = await file('narrow.csv', `${lines(names, 1, 9).join('\n')}\n`);
  const target = join(folder, 'narrow.parquet');
  expect(await copy([{ path, names }], target)).toEqual([8]);
  const [found] = await database.rows(
    `SELECT count(whole) AS whole, count(many) AS many FROM read_parquet('${target}')`,
  );
  expect(found).toEqual({ whole: '8', many: '0' });
});

it.each<[what: string, late: string | Buffer]>([
  ['a number with zeros before it', '007,1.5,x'],
  ['a text among numbers', '5,n/a,x'],
  ['a number that is as good as 0', '5,1e-400,x'],
  ['a field too few', '5,1.5'],
  ['a field too many', '5,1.5,x,y'],
  ['a blank line', ''],
  ['a newline in quotes', '5,1.5,"x\ny"'],
  ['a quote within a text', '5,1.5,x"y'],
  ['text behind a quote', '5,1.5,"x"y'],
  ['a quote that is never closed', '5,1.5,"x'],
  ['another newline', '5,1.5,x\r'],
  ['a zero byte', '5,1.5,x\0'],
  ['bytes that are not UTF-8', Buffer.from('5,1.5,\xe4', 'latin1')],
  ['a line of more than 1 MB', `5,1.5,${'x'.repeat(1_100_000)}`],
])('leaves a file to others for %s, and nothing behind', async (_, late) => {
  const names: readonly Name[] = ['whole', 'number', 'few'];
  const before = 'whole,number,few\n'.concat('12,-0.75,north\n'.repeat(130_000));
  const path = await file(
    'late.csv',
    Buffer.concat([Buffer.from(before), Buffer.from(late), Buffer.from('\n1,2,z\n')]),
  );
  const target = join(folder, 'late.parquet');
  expect(await copy([{ path, names }], target, { names: [...names] })).toBeNull();
  expect(existsSync(target)).toBe(false);
});

it.each<[what: string, name: Name, text: string]>([
  ['a day that no calendar has', 'day', '2026-02-30'],
  ['an hour that no day has', 'instant', '2026-11-21 24:00:00'],
  ['an instant that would print otherwise', 'instant', '2026-11-21T10:30:00'],
  ['a number that does not fit', 'small', '32767'],
])('leaves a file to others for %s', async (_, name, text) => {
  const path = await file('odd.csv', `${name},few\n${text},x\n`);
  const target = join(folder, 'odd.parquet');
  expect(await copy([{ path, names: [name, 'few'] }], target, { names: [name, 'few'] })).toBeNull();
});

it('ends when it is told to, and leaves nothing behind', async () => {
  const path = await file('stopped.csv', `whole\n${'5\n'.repeat(1_000)}`);
  const target = join(folder, 'stopped.parquet');
  const signal = AbortSignal.abort(new Error('the disk is full'));
  await expect(copy([{ path, names: ['whole'] }], target, { names: ['whole'], signal })).rejects.toThrow(
    'the disk is full',
  );
  expect(existsSync(target)).toBe(false);
});
