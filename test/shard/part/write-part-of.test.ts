import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RunFlags } from '../../../src/config/run-flags.ts';
import type { Plan } from '../../../src/core/plan.ts';
import { ModelSession } from '../../../src/inference/model-session.ts';
import type { RunPaths } from '../../../src/runs/layout.ts';
import { runShard } from '../../../src/shard/run-shard.ts';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { openDatabase } from '../../support/database.ts';
import { networkGraph } from '../../support/networks.ts';
import { identityGraph, writeOnnx } from '../../support/onnx.ts';
import { temporaryFolder } from '../../support/project.ts';
import { planTable } from '../../support/score-table.ts';

const ROWS = `
  SELECT range AS id, (range % 41 / 8)::FLOAT AS a, (range % 7)::INTEGER AS b, (hash(range) % 1000 / 100)::DOUBLE AS c,
    nullif((range % 31)::FLOAT, 30) AS null_a, 'text ' || (range % 100) AS note FROM range(9001)`;

let database: Database;
let folder = '';
const path = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await temporaryFolder();
  database = await openDatabase();
  await database.run(`COPY (${ROWS}) TO '${path('rows.parquet')}' (FORMAT parquet)`);
  const scores = networkGraph([3, 16, 4]);
  await writeOnnx(path('net.onnx'), networkGraph([3, 64, 32, 2]));
  await writeOnnx(path('softplus.onnx'), networkGraph([3, 33, 7, 1], { activation: 'Softplus' }));
  await writeOnnx(path('scores.onnx'), {
    ...scores,
    nodes: [...scores.nodes, { operator: 'Softmax', inputs: ['y'], outputs: ['p'] }],
    outputs: [{ name: 'p', elementType: 'float32', shape: ['rows', 4] }],
  });
  await writeOnnx(path('whole.onnx'), identityGraph(2, 'int64'));
  await writeOnnx(path('half.onnx'), identityGraph(3, 'float16'));
  await writeOnnx(path('fixed.onnx'), identityGraph(3, 'float32', 32));
  await writeOnnx(path('interacting.onnx'), networkGraph([3, 8, 1], { weightsFromRows: true }));
});

function planOf(flags: RunFlags, select?: string) {
  const job = {
    ...{ model: path('net.onnx'), inputs: [path('rows.parquet')], features: ['a', 'b', 'c'] },
    ...{ shardRows: 4000, outputColumns: ['*'] },
    ...flags,
  };
  return planTable(database, job, (spec) =>
    select === undefined ? spec : { ...spec, features: { ...spec.features, select } },
  );
}

const noCall = (): never => {
  throw new Error('this call fails');
};

/** How many calls were made of each kind, the rows told, and the parts. */
async function score(plan: Plan, paths: RunPaths, replaced: Partial<ModelSession> = {}) {
  const real = await ModelSession.open(plan.model.path, { threads: plan.threads });
  const counts = { run: 0, atOnce: 0 };
  let told = 0;
  const ways: (boolean | undefined)[] = [];
  const session = new Proxy(real, {
    get(of, name) {
      const value = name in replaced ? Reflect.get(replaced, name) : Reflect.get(of, name, of);
      if (typeof value !== 'function' || (name !== 'run' && name !== 'atOnce')) return value;
      return (...call: unknown[]) => {
        counts[name]++;
        return value.apply(of, call);
      };
    },
  });
  try {
    const effects = { onRows: (rows: number) => (told += rows), assertWanted() {}, now: () => new Date(0) };
    const context = { plan, paths, database, session, attempt: 1, ...effects };
    for (const { index } of plan.shards) ways.push((await runShard({ ...context }, index)).inStatement);
  } finally {
    await real.close();
  }
  const parts = await Promise.all(plan.shards.map(({ index }) => readFile(paths.part(index))));
  for (const { index } of plan.shards) await rm(paths.shardRecord(index));
  return { counts, told, parts, ways };
}

describe('a network scored in the statement makes the parts that batches make', () => {
  it.each<[what: string, flags: () => RunFlags, select?: string]>([
    ['of dense layers', () => ({})],
    ['of one thousand rows a batch', () => ({ batchSize: 1008 })],
    ['with functions that compute whole vectors', () => ({ model: path('softplus.onnx') })],
    ['with a score of each class', () => ({ model: path('scores.onnx') })],
    ['of whole numbers', () => ({ model: path('whole.onnx'), features: ['id', 'b'] })],
    ['of rows with nulls', () => ({ features: ['null_a', 'b', 'c'], onInvalid: 'reject' })],
    ['of a SELECT', () => ({}), 'SELECT * REPLACE (b * 2 AS b) FROM input'],
    [
      'of a SELECT with joins',
      () => ({}),
      'SELECT input.* FROM input LEFT JOIN range(9001) r ON r.range = id',
    ],
    [
      'of a SELECT that leaves rows out',
      () => ({ onInvalid: 'reject' }),
      'SELECT * FROM input WHERE id % 5 <> 3',
    ],
  ])('%s', async (_, flags, select) => {
    const { plan, paths } = await planOf(flags(), select);
    const batches = await score(plan, paths, { atOnce: null });
    const atOnce = await score(plan, paths);
    expect(batches.counts).toMatchObject({ atOnce: 0 });
    expect(atOnce.counts).toMatchObject({ run: 0 });
    expect(atOnce.counts.atOnce).toBeGreaterThan(4);
    expect([...batches.ways, ...atOnce.ways]).toEqual([
      ...plan.shards.map(() => false),
      ...plan.shards.map(() => true),
    ]);
    expect(atOnce.parts.map((part, index) => part.equals(batches.parts[index] ?? Buffer.alloc(0)))).toEqual(
      plan.shards.map(() => true),
    );
    expect(atOnce.told).toBe(batches.told);
  });
});

it.each<[what: string, flags: () => RunFlags, change?: Partial<Plan>]>([
  ['of float16', () => ({ model: path('half.onnx') })],
  ['of a fixed number of rows', () => ({ model: path('fixed.onnx') })],
  ['whose rows see each other', () => ({ model: path('interacting.onnx') })],
  ['with calls that are no whole groups', () => ({ batchSize: 1000 })],
  ['with several threads', () => ({}), { threads: 2 }],
])('a model %s keeps its batches', async (_, flags, change = {}) => {
  const { plan, paths } = await planOf(flags());
  const { counts } = await score({ ...plan, ...change }, paths);
  expect(counts.atOnce).toBe(0);
  expect(counts.run).toBeGreaterThan(0);
});

it.each<[what: string, select?: string]>([
  ['rows as they are read'],
  ['rows of a SELECT with joins', 'SELECT input.* FROM input LEFT JOIN range(9001) r ON r.range = id'],
])(
  'where a call fails, batches score the shard and all others, and each row is told once: %s',
  async (_, select) => {
    const { plan, paths } = await planOf({}, select);
    const expected = await score(plan, paths, { atOnce: null });
    const failed = await score(plan, paths, { atOnce: noCall });
    expect(failed.counts.atOnce).toBe(1);
    expect(failed.ways).toEqual(plan.shards.map(() => false));
    expect(failed.counts.run).toBe(expected.counts.run);
    expect(failed.parts).toEqual(expected.parts);
    expect(failed.told).toBe(9001);
  },
);

it('a later chunk that fails leaves nothing of the statement behind', async () => {
  const { plan, paths } = await planOf({});
  const expected = await score(plan, paths, { atOnce: null });
  const real = await ModelSession.open(plan.model.path, { threads: 1 });
  let calls = 0;
  const failing = ((feeds, outputs) =>
    ++calls > 1 ? noCall() : (real.atOnce?.(feeds, outputs) ?? noCall())) satisfies NonNullable<
    ModelSession['atOnce']
  >;
  const failed = await score(plan, paths, { atOnce: failing });
  await real.close();
  expect(calls).toBe(2);
  expect(failed.parts).toEqual(expected.parts);
  expect(failed.told).toBe(9001);
});
