import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../src/core/plan.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { openShardRows } from '../../src/source/shard-rows.ts';
import { samplePlan } from '../runs/sample-run.ts';
import { openDatabase } from '../support/database.ts';
import { temporaryFolder } from '../support/project.ts';

const SHARD = { index: 1, rowStart: 10, rowEnd: 20 };

let database: Database;
let path: string;

beforeAll(async () => {
  database = await openDatabase();
  path = join(await temporaryFolder(), 'input.parquet');
  await database.run(
    `COPY (SELECT range::INTEGER AS n, 'text ' || range AS t FROM range(30)) TO '${path}' (FORMAT parquet)`,
  );
});

/** A plan over 30 rows whose SELECT, as planning would have written it, is `sql`. */
function planOf(sql: string | null, { sort = false, copy = true } = {}): Plan {
  const plan = samplePlan();
  return {
    ...plan,
    input: {
      ...plan.input,
      columns: [
        { name: 'n', type: 'INTEGER' },
        { name: 't', type: 'VARCHAR' },
      ],
      files: [{ path, rows: 30 }],
      rows: 30,
    },
    features: {
      select: sql === null ? null : { sql, sort, copy, columns: [], passedOn: [], tables: [] },
      bindings: [{ input: 'x', elementType: 'float32', columns: ['n'], rowShape: [1], fixedRows: null }],
    },
    output: { ...plan.output, keptColumns: [{ name: 't', type: 'VARCHAR' }] },
  };
}

const columnOf = (rows: Record<string, unknown>[], name: string): number[] =>
  rows.map((row) => Number(row[name]));

describe('the rows of a shard', () => {
  it('are those of its range', async () => {
    const rows = await openShardRows(database, planOf(null), SHARD);
    expect(rows).toMatchObject({ rows: 10, leftOut: [] });
    const found = await database.rows(`SELECT * FROM ${rows.from}`);
    expect(columnOf(found, 'n')).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  });

  it.each([true, false])(
    'are what the SELECT makes of them, with their numbers; copied: %s',
    async (copy) => {
      const select = 'SELECT n * 2 AS n, t, input_row FROM input';
      const rows = await openShardRows(database, planOf(select, { copy }), SHARD);
      const found = await database.rows(`SELECT * FROM ${rows.from}`);
      expect(found[0]).toMatchObject({ n: 20, t: 'text 10', input_row: '10' });
      expect(columnOf(found, 'input_row')).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
      await rows.close();
    },
  );

  it('are brought back into the order of the input where the SELECT may change it', async () => {
    const select = 'SELECT n, t, input_row FROM input ORDER BY n DESC';
    const rows = await openShardRows(database, planOf(select, { sort: true }), SHARD);
    expect(columnOf(await database.rows(`SELECT * FROM ${rows.from}`), 'n')).toEqual([
      10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
    ]);
    await rows.close();
  });

  it('that the SELECT leaves out are told by their numbers', async () => {
    const rows = await openShardRows(
      database,
      planOf('SELECT n, t, input_row FROM input WHERE n % 4 <> 0'),
      SHARD,
    );
    expect(rows).toMatchObject({ rows: 8, leftOut: [12, 16] });
    await rows.close();
  });

  it('may all be left out', async () => {
    const rows = await openShardRows(
      database,
      planOf('SELECT n, t, input_row FROM input WHERE false'),
      SHARD,
    );
    expect(rows.rows).toBe(0);
    expect(rows.leftOut).toHaveLength(10);
    await rows.close();
  });
});

describe('says what is wrong with a SELECT', () => {
  it.each<[what: string, sql: string, says: string]>([
    [
      'that multiplies rows',
      'SELECT n, t, input_row FROM input JOIN range(2) r ON n = 13 OR r.range = 0',
      '2 rows for input row 14; expected one',
    ],
    [
      'that makes rows of its own',
      'SELECT n, t, input_row FROM input UNION ALL SELECT 1, NULL, NULL',
      'rows that belong to no input row',
    ],
    [
      'that fails on a value',
      'SELECT CAST(t AS INTEGER) AS n, t, input_row FROM input',
      'features.select fails',
    ],
    [
      'that names an unknown column',
      'SELECT prise AS n, t, input_row FROM input',
      '"prise" not found in FROM clause. Expected a SELECT',
    ],
  ])('%s', async (_, sql, says) => {
    const rows = openShardRows(database, planOf(sql), SHARD);
    await expect(rows).rejects.toMatchObject({ code: 'FEATURES_SELECT' });
    await expect(rows).rejects.toThrow(says);
  });
});
