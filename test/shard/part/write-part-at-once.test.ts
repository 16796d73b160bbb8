import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunFlags } from '../../../src/config/run-flags.ts';
import type { Plan } from '../../../src/core/plan.ts';
import type { RunPaths } from '../../../src/runs/layout.ts';
import { runShard, type ShardContext } from '../../../src/shard/run-shard.ts';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { openDatabase, parquetRows } from '../../support/database.ts';
import { onnxFile } from '../../support/onnx.ts';
import { temporaryFolder } from '../../support/project.ts';
import { computeShards, openCompiled, planTable } from '../../support/score-table.ts';
import { growTree, seeded } from '../../support/trees/grow-trees.ts';
import { classifierNode, regressorNode, treeGraph } from '../../support/trees/tree-models.ts';

const FEATURES = ['a', 'b', 'c'];

/** Rows of every kind of value, in chunks that are full and one that is not; `null_*` are null now and then. */
const ROWS = `
  SELECT range AS id, (range % 41 / 8)::FLOAT AS a, (range % 7)::INTEGER AS b, (hash(range) % 1000 / 100)::DOUBLE AS c,
    nullif((range % 31)::FLOAT, 30) AS null_a, 'text ' || (range % 100) AS note, DATE '2026-01-01' + (range % 300)::INTEGER AS day,
    (range / 7)::DECIMAL(18, 3) AS price, [range, NULL, range + 1] AS list, {'x': range, 'y': 'z'} AS struct,
    INTERVAL (range) SECOND AS span, nullif(range % 3, 1) AS sparse, TIMESTAMP '2026-01-01' + INTERVAL (range) HOUR AS at
  FROM range(9001)`;

const NULLS = { features: ['null_a', 'b', 'c'], onInvalid: 'reject' };
const KEYS = { key: ['id', 'sparse'], kv: 'lmdb:nowhere' };

/** In DuckDB's hands, the rows of a join come in another order. */
const JOINS = `SELECT input.* REPLACE (b + other.n AS b) FROM input
  LEFT JOIN (SELECT range AS n, range * 4 % 9001 AS id FROM range(9001)) other USING (id)`;

let database: Database;
let folder = '';
let regressor = '';
let classifier = '';

const path = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await temporaryFolder();
  database = await openDatabase();
  const random = seeded(5);
  const base = { features: 3, double: false, baseValues: [], transform: 'NONE' };
  const trees = (targets: number) =>
    Array.from({ length: 9 }, (_, index) =>
      growTree(random, {
        leaves: 12,
        features: 3,
        modes: ['LEQ', 'LT'],
        threshold: (next) => Math.fround(Math.round(next() * 40) / 8),
        votes: (next) => [[index % targets, Math.fround(next())]],
      }),
    );
  const forest = { ...base, trees: trees(2), targets: 2, aggregate: 'SUM' };
  const classes = { ...base, trees: trees(3), labels: ['low', 'mid', 'high'] };
  regressor = path('regressor.onnx');
  classifier = path('classifier.onnx');
  await writeFile(regressor, onnxFile(treeGraph(regressorNode(forest), forest)));
  await writeFile(classifier, onnxFile(treeGraph(classifierNode(classes), classes)));
  await database.run(`COPY (${ROWS}) TO '${path('rows.parquet')}' (FORMAT parquet)`);
  await database.run(`COPY (${ROWS} LIMIT 100) TO '${path('more.parquet')}' (FORMAT parquet)`);
  await database.run(`COPY (${ROWS} LIMIT 3000) TO '${path('most.parquet')}' (FORMAT parquet)`);
  await database.run(`COPY (SELECT id, a, b, c, '0' || id AS code FROM (${ROWS})) TO '${path('rows.csv')}'`);
});

/** The same plan computed by ONNX Runtime, and by trees in one statement. */
async function both(flags: RunFlags, select?: string) {
  const job = {
    model: regressor,
    inputs: [path('rows.parquet')],
    features: FEATURES,
    shardRows: 4000,
    ...flags,
  };
  const { plan, paths } = await planTable(database, job, (spec) =>
    select === undefined ? spec : { ...spec, features: { ...spec.features, select } },
  );
  const files = (): Promise<readonly Buffer[]> =>
    Promise.all(plan.shards.map(({ index }) => readFile(paths.part(index))));
  const batches = await computeShards(database, plan, paths);
  const expected = await files();
  const atOnce = await computeShards(database, plan, paths, () => openCompiled(plan));
  return { plan, paths, batches, atOnce, expected, got: await files() };
}

describe('the parts have the bytes of those that ONNX Runtime makes in batches', () => {
  it.each<[what: string, flags: () => RunFlags, select?: string]>([
    ['of all types of kept columns', () => ({ outputColumns: ['*'] })],
    ['of no kept columns', () => ({ outputColumns: [] })],
    ['of a classifier with texts as labels', () => ({ model: classifier, outputColumns: ['id'] })],
    ['of rows with nulls', () => ({ ...NULLS, outputColumns: ['*'] })],
    ['of keys with nulls', () => ({ ...KEYS, onInvalid: 'reject' })],
    [
      'of several files',
      () => ({ inputs: ['more', 'rows', 'most', 'more'].map((name) => path(`${name}.parquet`)) }),
    ],
    ['of a CSV with texts that are no numbers', () => ({ inputs: [path('rows.csv')], outputColumns: ['*'] })],
    ['of a SELECT', () => ({ outputColumns: ['*'] }), 'SELECT * REPLACE (b * 2 AS b) FROM input'],
    ['of a SELECT with joins', () => ({ outputColumns: ['*'] }), JOINS],
    [
      'of a SELECT whose rows are not all usable',
      () => ({ ...NULLS, outputColumns: ['*'] }),
      'SELECT input.* FROM input LEFT JOIN range(9000) r ON r.range = input.id',
    ],
    [
      'of a SELECT that leaves rows out',
      () => ({ ...NULLS, outputColumns: ['note'] }),
      'SELECT * FROM input WHERE id % 5 <> 3',
    ],
  ])('%s', async (_, flags, select) => {
    const { plan, paths, batches, atOnce, expected, got } = await both(flags(), select);
    expect(plan.shards.length).toBeGreaterThan(1);
    expect(got.map((part, index) => part.equals(expected[index] ?? Buffer.alloc(0)))).toEqual(
      plan.shards.map(() => true),
    );
    expect(atOnce.map(({ rowsOut, rejects }) => ({ rowsOut, rejects }))).toEqual(
      batches.map(({ rowsOut, rejects }) => ({ rowsOut, rejects })),
    );
    expect(await parquetRows(database, paths.part(0))).not.toHaveLength(0);
  });
});

it('the rejects are those that ONNX Runtime has', async () => {
  const flags = {
    features: ['null_a', 'b', 'c'],
    key: ['id', 'sparse'],
    kv: 'lmdb:nowhere',
    onInvalid: 'reject',
  };
  const { plan, paths } = await both(flags, 'SELECT * FROM input WHERE id % 5 <> 3');
  const files = plan.shards.map(({ index }) => paths.rejects(index));
  const atOnce = await parquetRows(database, ...files);
  await computeShards(database, plan, paths);
  expect(atOnce).toEqual(await parquetRows(database, ...files));
  expect(atOnce.length).toBeGreaterThan(4000);
});

async function compute(plan: Plan, paths: RunPaths, more: Partial<ShardContext> = {}) {
  const effects = { onRows() {}, assertWanted() {}, now: () => new Date(0) };
  const session = await openCompiled(plan);
  return runShard({ plan, paths, database, session, attempt: 1, ...effects, ...more }, 0);
}

const WITH_NULLS = (): RunFlags => ({
  model: regressor,
  inputs: [path('rows.parquet')],
  features: ['null_a', 'b', 'c'],
});

it('copies nothing of a SELECT that returns one row for each row of the input', async () => {
  const job = { model: regressor, inputs: [path('rows.parquet')], features: FEATURES };
  const { plan, paths } = await planTable(database, job, (spec) => ({
    ...spec,
    features: { ...spec.features, select: JOINS },
  }));
  const run = vi.spyOn(database, 'run');
  const told: number[] = [];
  await compute(plan, paths, { onRows: (rows) => told.push(rows) });
  const statements = run.mock.calls.map(([sql]) => sql);
  run.mockRestore();
  expect(statements.some((sql) => sql.startsWith('COPY'))).toBe(true);
  expect(statements.filter((sql) => sql.includes('TEMP TABLE'))).toEqual([]);
  expect(told).toEqual([9001]);
});

it('says that a SELECT multiplies rows', async () => {
  const job = { model: regressor, inputs: [path('rows.parquet')], features: FEATURES };
  const { plan, paths } = await planTable(database, job, (spec) => ({
    ...spec,
    features: {
      ...spec.features,
      select: 'SELECT input.* FROM input LEFT JOIN range(2) r ON input.id = 6000',
    },
  }));
  await expect(compute(plan, paths)).rejects.toMatchObject({
    code: 'FEATURES_SELECT',
    message: expect.stringContaining('returns 2 rows for input row 6001'),
  });
});

it('ends at the first row that cannot be scored, and names it', async () => {
  const { plan, paths } = await planTable(database, WITH_NULLS());
  await expect(compute(plan, paths)).rejects.toMatchObject({
    code: 'INVALID_ROW',
    message: expect.stringContaining('Column "null_a" at'),
    fields: expect.objectContaining({ row: 31 }),
  });
});

it('ends where more rows are rejected than the run may have', async () => {
  const { plan, paths } = await planTable(database, { ...WITH_NULLS(), onInvalid: 'reject' });
  const rejectLimit = { policy: { action: 'reject', maxRows: 10, maxShare: null }, before: 4 } as const;
  await expect(compute(plan, paths, { rejectLimit })).rejects.toMatchObject({ code: 'REJECTS_OVER_LIMIT' });
  // One chunk was looked at, and not the whole shard.
  expect(await parquetRows(database, paths.rejects(0))).toHaveLength(66);
  await expect(readFile(paths.part(0))).rejects.toMatchObject({ code: 'ENOENT' });
});

it('stops in the middle where the shard is no longer wanted, and makes the same part afterwards', async () => {
  const job = { model: regressor, inputs: [path('rows.parquet')], features: FEATURES };
  const { plan, paths } = await planTable(database, job);
  let asked = 0;
  const assertWanted = (): void => {
    if (++asked === 3) throw new RangeError('not wanted any more');
  };
  await expect(compute(plan, paths, { assertWanted })).rejects.toThrow(
    expect.objectContaining({ name: 'RangeError', message: 'not wanted any more' }),
  );
  await expect(readFile(paths.part(0))).rejects.toMatchObject({ code: 'ENOENT' });
  const again = await compute(plan, paths);
  const [expected] = await computeShards(database, plan, paths);
  expect(again.part).toEqual(expected?.part);
});

it('blames the input where a column is corrupt, and not where the part cannot be written', async () => {
  const rows = path('corrupt.parquet');
  await database.run(`COPY (${ROWS}) TO '${rows}' (FORMAT parquet, COMPRESSION snappy)`);
  const [chunk] = await database.rows(
    `SELECT coalesce(dictionary_page_offset, data_page_offset) AS start FROM parquet_metadata('${rows}') WHERE path_in_schema = 'note'`,
  );
  const start = Number(chunk?.start);
  await writeFile(rows, (await readFile(rows)).fill(0xff, start, start + 64));
  const corrupt = await planTable(database, {
    ...{ model: regressor, inputs: [rows], features: FEATURES, outputColumns: ['note'] },
  });
  await expect(compute(corrupt.plan, corrupt.paths)).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
  const job = { model: regressor, inputs: [path('rows.parquet')], features: FEATURES };
  const { plan, paths } = await planTable(database, job);
  await writeFile(path('a-file'), '');
  const blocked = { ...paths, part: () => path('a-file/part.parquet') };
  await expect(compute(plan, blocked)).rejects.not.toMatchObject({ code: 'INPUT_UNREADABLE' });
});
