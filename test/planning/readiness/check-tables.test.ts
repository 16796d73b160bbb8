import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SqlCondition, TableCondition } from '../../../src/config/sections/wait-for.ts';
import { checkTables } from '../../../src/planning/readiness/check-tables.ts';
import { Database } from '../../../src/source/duckdb/database.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'serve-batch-tables-'));
  await writeFile(join(folder, 'demand.csv'), 'store,date\n1,2026-11-19\n2,2026-11-20\n2,2026-11-18\n');
  await writeFile(join(folder, 'half.parquet'), 'PAR1 and then the copy was cut off');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const table = (more: Partial<TableCondition>): TableCondition => ({
  ...{ kind: 'table', table: 'demand', rows: null, column: null, newest: null, distinct: null },
  ...more,
});
const sql = (text: string): SqlCondition => ({ kind: 'sql', sql: text });

async function check(...conditions: readonly (TableCondition | SqlCondition)[]) {
  const at = (name: string) => [join(folder, name)];
  const temporaryFolder = join(folder, 'tmp');
  const database = await Database.open({ threads: 1, memoryLimit: '256MB', temporaryFolder });
  const states = await checkTables(database, {
    tables: [
      { name: 'demand', paths: at('demand.csv') },
      { name: 'prices', paths: at('prices.csv') },
      { name: 'half', paths: at('half.parquet') },
    ],
    conditions,
    externalAccess: false,
  }).finally(() => database.close());
  return states.map(({ condition, isMet, found }) => `${isMet ? 'met' : 'not'}: ${condition}: ${found}`);
}

describe('checkTables', () => {
  it.each<[Partial<TableCondition>, string]>([
    [{ rows: 3 }, 'met: 3 rows in demand: 3'],
    [{ rows: 4 }, 'not: 4 rows in demand: 3'],
    [{ column: 'store', distinct: 2 }, 'met: 2 values of store in demand: 2'],
    [{ column: 'store', distinct: 3 }, 'not: 3 values of store in demand: 2'],
    [{ column: 'date', newest: '2026-11-20' }, 'met: date of demand up to 2026-11-20: newest: 2026-11-20'],
    [{ column: 'date', newest: '2026-11-21' }, 'not: date of demand up to 2026-11-21: newest: 2026-11-20'],
  ])('%j', async (condition, expected) => {
    expect(await check(table(condition))).toEqual([expected]);
  });

  it('a condition may ask for several things, each of which is told', async () => {
    const asked = table({ rows: 3, column: 'date', newest: '2026-12-01', distinct: 3 });
    expect((await check(asked)).map((each) => each.slice(0, 3))).toEqual(['met', 'met', 'not']);
  });

  it.each<[string, Partial<TableCondition>, string]>([
    ['not there', { table: 'prices', rows: 1 }, 'prices.csv does not exist'],
    ['half written', { table: 'half', rows: 1 }, 'half.parquet'],
    ['without the column', { column: 'day', distinct: 1 }, 'day'],
    ['of another type than the value', { column: 'store', newest: 'soon' }, 'soon'],
  ])('a table that is %s is not ready, and says why', async (_, condition, why) => {
    const [state = ''] = await check(table(condition));
    expect(state).toMatch(/^not: /);
    expect(state).toContain(why);
  });

  it('reads a table anew at each check', async () => {
    const path = join(folder, 'grows.csv');
    const asked = table({ table: path, rows: 2 });
    await writeFile(path, 'a\n1\n');
    expect((await check(asked))[0]).toMatch(/^not/);
    await writeFile(path, 'a\n1\n2\n');
    expect((await check(asked))[0]).toMatch(/^met/);
  });

  it('SQL is one condition over the tables of the job', async () => {
    expect(await check(sql("(SELECT max(date) FROM demand) >= DATE '2026-11-20'"), sql('1 = NULL'))).toEqual([
      "met: (SELECT max(date) FROM demand) >= DATE '2026-11-20': true",
      'not: 1 = NULL: null',
    ]);
  });

  it.each([
    ["true); COPY (SELECT 1) TO '/tmp/x.csv'; SELECT (true", 'is not one SQL condition'],
    ["(SELECT count(*) FROM read_text('/etc/passwd')) > 0", 'reads read_text(...)'],
    ["(SELECT count(*) FROM '/etc/passwd') > 0", 'reads the table "/etc/passwd"'],
  ])('refuses %s', async (text, message) => {
    await expect(check(sql(text))).rejects.toMatchObject({
      code: 'JOB_FILE',
      message: expect.stringContaining(message),
    });
  });
});
