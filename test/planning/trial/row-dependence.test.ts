import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { openDatabase } from '../../support/database.ts';
import { networkGraph } from '../../support/networks.ts';
import { type OnnxGraph, writeOnnx } from '../../support/onnx.ts';
import { temporaryFolder } from '../../support/project.ts';
import { planTable } from '../../support/score-table.ts';
import { graphOf, node, product } from './models.ts';

let database: Database;
let folder: string;

beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
});

/** What the trial says of a model of two columns, with so many rows. */
async function warningsOf(graph: OnnxGraph, rows = 5): Promise<readonly string[]> {
  const model = await writeOnnx(join(folder, 'm.onnx'), graph);
  const input = join(folder, `${rows}.parquet`);
  await database.run(
    `COPY (SELECT sin(r)::FLOAT AS a, cos(r * 7)::FLOAT AS b FROM range(${rows}) t(r)) TO '${input}' (FORMAT parquet)`,
  );
  const { plan } = await planTable(database, { model, inputs: [input], features: ['a', 'b'] });
  return plan.model.warnings;
}

const ROWS_2 = ['rows', 2] as const;

const RANDOM: readonly (readonly [string, OnnxGraph])[] = [
  [
    'random numbers are added',
    graphOf(ROWS_2, ROWS_2, [node('RandomUniformLike', ['x'], ['r']), node('Add', ['x', 'r'], ['y'])]),
  ],
  [
    // With even odds: values that are nearly certain may be drawn twice alike.
    'it draws',
    graphOf(ROWS_2, ROWS_2, [
      node('Sub', ['x', 'x'], ['zero']),
      node('Sigmoid', ['zero'], ['p']),
      node('Bernoulli', ['p'], ['y']),
    ]),
  ],
];

const NEIGHBOURS: readonly (readonly [string, OnnxGraph])[] = [
  ['a softmax over the rows', graphOf(ROWS_2, ROWS_2, [node('Softmax', ['x'], ['y'], { axis: 0 })])],
  [
    'the mean of the rows is taken away',
    graphOf(ROWS_2, ROWS_2, [
      node('ReduceMean', ['x'], ['m'], { axes: [0] }),
      node('Sub', ['x', 'm'], ['y']),
    ]),
  ],
  [
    'a running sum',
    graphOf(
      ROWS_2,
      ROWS_2,
      [node('CumSum', ['x', 'axis'], ['y'])],
      [{ name: 'axis', integers: [0], shape: [] }],
    ),
  ],
  [
    'dynamic quantisation',
    graphOf(ROWS_2, ROWS_2, [
      node('DynamicQuantizeLinear', ['x'], ['q', 'scale', 'zero']),
      node('DequantizeLinear', ['q', 'scale', 'zero'], ['y']),
    ]),
  ],
  [
    'a row gets what belongs to others',
    graphOf(
      ROWS_2,
      ROWS_2,
      [node('Transpose', ['x'], ['t'], { perm: [1, 0] }), node('Reshape', ['t', 'shape'], ['y'])],
      [{ name: 'shape', integers: [-1, 2] }],
    ),
  ],
];

describe('a model whose answers are not those of its rows alone is told:', () => {
  it.each(RANDOM)('%s', async (_, graph) => {
    expect(await warningsOf(graph)).toEqual([expect.stringMatching(/not deterministic.*"y"/)]);
  });

  it.each(NEIGHBOURS)('%s', async (_, graph) => {
    expect(await warningsOf(graph)).toEqual([expect.stringMatching(/rows depend on each other: "y"/)]);
  });

  it.each(NEIGHBOURS)('%s, in an input of one row', async (_, graph) => {
    expect(await warningsOf(graph, 1)).toEqual([expect.stringMatching(/rows depend on each other: "y"/)]);
  });

  it('weights that belong to places of the call', async () => {
    const graph = graphOf(
      [3, 2],
      [3, 2],
      [node('Mul', ['x', 'w'], ['y'])],
      [{ name: 'w', values: [1, 2, 3, 4, 5, 6], shape: [3, 2] }],
    );
    expect(await warningsOf(graph)).toEqual([expect.stringMatching(/place in its call: "y"/)]);
  });
});

it.each<[string, OnnxGraph]>([
  ['a network', networkGraph([2, 64, 32, 1])],
  ['a network of odd widths', networkGraph([2, 17, 5, 3], { activation: 'Tanh' })],
  ['a product', product(['rows', 2], ['rows', 3], [2, 3])],
  ['a softmax within the row', graphOf(ROWS_2, ROWS_2, [node('Softmax', ['x'], ['y'], { axis: 1 })])],
  ['rows of a fixed call', graphOf([4, 2], [4, 2], [node('Erf', ['x'], ['y'])])],
  ['one row a call', graphOf([1, 2], [1, 2], [node('Softmax', ['x'], ['y'], { axis: 0 })])],
])('nothing is told of %s', async (_, graph) => {
  for (const rows of [1, 2, 5, 100]) expect(await warningsOf(graph, rows)).toEqual([]);
});
