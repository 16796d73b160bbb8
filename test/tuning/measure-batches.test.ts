import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RunFlags } from '../../src/config/run-flags.ts';
import { ModelSession } from '../../src/inference/model-session.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import type { BatchTiming } from '../../src/tuning/choose-batch-size.ts';
import { measureBatches } from '../../src/tuning/measure-batches.ts';
import { openDatabase } from '../support/database.ts';
import { networkGraph } from '../support/networks.ts';
import { type OnnxGraph, writeOnnx } from '../support/onnx.ts';
import { temporaryFolder } from '../support/project.ts';
import { planTable } from '../support/score-table.ts';

let database: Database;
let folder: string;
beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
});

/** What is measured of a model over a table of `select`. */
async function measure(
  graph: OnnxGraph,
  select: string,
  flags: RunFlags = {},
  featuresSelect: string | null = null,
): Promise<readonly BatchTiming[]> {
  const model = await writeOnnx(join(folder, 'model.onnx'), graph);
  const input = join(folder, 'rows.parquet');
  await database.run(`COPY (${select}) TO '${input}' (FORMAT parquet)`);
  const { plan } = await planTable(database, { model, inputs: [input], ...flags }, (spec) => ({
    ...spec,
    features: { ...spec.features, select: featuresSelect },
  }));
  const session = await ModelSession.open(model, { threads: 1 });
  try {
    return await measureBatches({ plan, database, session });
  } finally {
    await session.close();
  }
}

const NETWORK = networkGraph([2, 16, 1]);
const TWO = { features: ['a', 'b'] };
const ROWS = 'SELECT sin(range)::FLOAT AS a, cos(range)::FLOAT AS b FROM range(10000)';

/** A model of one input column `x`, whose `y` is made by `nodes` of the rows of a call. */
function oneColumn(nodes: OnnxGraph['nodes'], elementType: 'float32' | 'string' = 'float32'): OnnxGraph {
  return {
    inputs: [{ name: 'x', elementType, shape: ['rows', 1] }],
    outputs: [{ name: 'y', elementType, shape: ['rows', 1] }],
    nodes,
  };
}

it('tells of each size how fast it is, and that it changes nothing', async () => {
  const timings = await measure(NETWORK, ROWS, TWO);
  expect(timings.map(({ batchSize }) => batchSize)).toEqual([256, 1024, 4096]);
  for (const { rowsPerSecond, sameBits } of timings) {
    expect(rowsPerSecond).toBeGreaterThan(1000);
    expect(sameBits).toBe(true);
  }
});

describe('notices where rows of a call', () => {
  // The largest value of a call is taken away from its rows: so does dynamic quantisation, in effect.
  const graph = oneColumn([
    { operator: 'ReduceMax', inputs: ['x'], outputs: ['largest'] },
    { operator: 'Sub', inputs: ['x', 'largest'], outputs: ['y'] },
  ]);

  it('look at each other: no other size is the same', async () => {
    // The first row is the largest of its call, however many there are.
    const timings = await measure(graph, 'SELECT -range::FLOAT AS x FROM range(10000)');
    expect(timings.map(({ batchSize, sameBits }) => [batchSize, sameBits])).toEqual([
      [256, false],
      [1024, true],
      [4096, false],
    ]);
  });

  it('are others when they are alone: no other size is tried', async () => {
    const timings = await measure(graph, 'SELECT range::FLOAT AS x FROM range(10000)');
    expect(timings.map(({ batchSize, sameBits }) => [batchSize, sameBits])).toEqual([[1024, true]]);
  });
});

it('compares texts, and NaN with NaN', async () => {
  const identity = [{ operator: 'Identity', inputs: ['x'], outputs: ['y'] }];
  for (const timings of [
    await measure(oneColumn(identity, 'string'), "SELECT 'größe ' || range AS x FROM range(10000)"),
    await measure(oneColumn(identity), "SELECT 'NaN'::FLOAT AS x FROM range(10000)"),
  ])
    expect(timings.map(({ sameBits }) => sameBits)).toEqual([true, true, true]);
});

describe('measures', () => {
  it('the usable rows, where others are invalid', async () => {
    const some = `SELECT CASE WHEN range % 3 > 0 THEN a END AS a, b, range FROM (${ROWS.replace('SELECT', 'SELECT range,')})`;
    const timings = await measure(NETWORK, some, TWO);
    expect(timings).toHaveLength(3);
    expect(timings.every(({ sameBits }) => sameBits)).toBe(true);
  });

  it('what features.select makes of the rows', async () => {
    const timings = await measure(NETWORK, ROWS, TWO, 'SELECT b AS a, a * 2 AS b FROM input');
    expect(timings.map(({ sameBits }) => sameBits)).toEqual([true, true, true]);
  });

  it('smaller batches alone where the usable rows do not make a larger one', async () => {
    const timings = await measure(NETWORK, `${ROWS} LIMIT 4000`, TWO);
    expect(timings.map(({ batchSize }) => batchSize)).toEqual([256, 1024]);
  });

  it.each([
    ['few rows', `${ROWS} LIMIT 1023`],
    [
      'few usable rows',
      `SELECT CASE WHEN range < 1000 THEN 1 END::FLOAT AS a, 1::FLOAT AS b FROM range(10000)`,
    ],
  ])('nothing with %s', async (_, select) => {
    expect(await measure(NETWORK, select, TWO)).toEqual([]);
  });
});

it('throws where the model fails on a row', async () => {
  const graph: OnnxGraph = {
    inputs: [{ name: 'x', elementType: 'int64', shape: ['rows', 1] }],
    outputs: [{ name: 'y', elementType: 'float32', shape: ['rows', 1] }],
    nodes: [{ operator: 'Gather', inputs: ['table', 'x'], outputs: ['y'] }],
    weights: [{ name: 'table', values: [1, 2, 3] }],
  };
  const rows = 'SELECT CASE WHEN range = 700 THEN 99 ELSE range % 3 END::BIGINT AS x FROM range(10000)';
  await expect(measure(graph, rows)).rejects.toThrow(/indices|out of/i);
});
