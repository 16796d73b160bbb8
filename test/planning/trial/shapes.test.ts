import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { openDatabase } from '../../support/database.ts';
import { type OnnxGraph, writeOnnx } from '../../support/onnx.ts';
import { temporaryFolder } from '../../support/project.ts';
import { type ScoredTable, scoreTable } from '../../support/score-table.ts';
import { graphOf, node, product, reshape, transpose } from './models.ts';

let database: Database;
let folder: string;

beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
});

/** Seven rows: in row `r` the columns a, b, c are r + 1 times 1, 10 and 100. */
async function score(
  graph: OnnxGraph,
  features: readonly string[],
  outputs?: string[],
): Promise<ScoredTable> {
  const model = await writeOnnx(join(folder, 'm.onnx'), graph);
  const input = join(folder, 'seven.parquet');
  await database.run(
    `COPY (SELECT (r + 1)::FLOAT AS a, (r + 1) * 10::FLOAT AS b, (r + 1) * 100::FLOAT AS c FROM range(7) t(r)) TO '${input}' (FORMAT parquet)`,
  );
  return scoreTable(database, { model, inputs: [input], features }, (spec) => ({
    ...spec,
    model: { ...spec.model, outputs: outputs ?? spec.model.outputs },
  }));
}

const rowNumbers = [1, 2, 3, 4, 5, 6, 7];

describe('what a row gets is its own:', () => {
  it.each<[what: string, graph: OnnxGraph, features: string[], y: (row: number) => unknown]>([
    ['[rows, 1]', product(['rows', 3], ['rows', 1], [3, 1]), ['a', 'b', 'c'], (r) => 321 * r],
    ['[rows, k]', product(['rows', 2], ['rows', 3], [2, 3]), ['a', 'b'], (r) => [41 * r, 52 * r, 63 * r]],
    ['[rows]', reshape(['rows', 1], ['rows'], [-1]), ['a'], (r) => r],
    ['[1, rows]', transpose(['rows', 1], [1, 'rows'], [1, 0]), ['a'], (r) => r],
    ['[1, 1, rows]', reshape(['rows', 1], null, [1, 1, -1]), ['a'], (r) => r],
    [
      '[rows, a, b]',
      reshape(['rows', 3], ['rows', 3, 1], [-1, 3, 1]),
      ['a', 'b', 'c'],
      (r) => [r, 10 * r, 100 * r],
    ],
    [
      'an output without a shape',
      graphOf(['rows', 1], null, [node('Identity', ['x'], ['y'])]),
      ['a'],
      (r) => r,
    ],
    ['an input without a shape', product(null, null, [3, 1]), ['a', 'b', 'c'], (r) => 321 * r],
    [
      'an input of one dimension',
      graphOf(['rows'], ['rows'], [node('Identity', ['x'], ['y'])]),
      ['a'],
      (r) => r,
    ],
    ['a fixed call of four rows', product([4, 2], [4, 1], [2, 1]), ['a', 'b'], (r) => 21 * r],
    [
      'a fixed call of one row, [1, columns]',
      product([1, 'k'], [1, 1], [3, 1]),
      ['a', 'b', 'c'],
      (r) => 321 * r,
    ],
    [
      'an output with a dimension 0',
      graphOf(['rows', 1], [0, 1], [node('Identity', ['x'], ['y'])]),
      ['a'],
      (r) => r,
    ],
    [
      'an output that declares one row, and has as many as the input',
      product(['rows', 2], [1, 1], [2, 1]),
      ['a', 'b'],
      (r) => 21 * r,
    ],
    [
      'a model that takes one row a call, and declares any number',
      reshape(['rows', 3], ['rows', 3], [1, 3]),
      ['a', 'b', 'c'],
      (r) => [r, 10 * r, 100 * r],
    ],
  ])('%s', async (_, graph, features, y) => {
    const { rows } = await score(graph, features);
    expect(rows.map((row) => row.y)).toEqual(rowNumbers.map(y));
  });
});

describe('is refused, with the tensor and its shape:', () => {
  it.each<[what: string, graph: OnnxGraph, features: string[], says: RegExp]>([
    [
      '[classes, rows]',
      transpose(['rows', 3], ['k', 'n'], [1, 0]),
      ['a', 'b', 'c'],
      /"y" has the shape \[3, 2\] for 2 rows and \[3, 16\] for 16 rows: the rows are its dimension 2/,
    ],
    [
      '[2, rows, 1]',
      graphOf(
        ['rows', 1],
        [2, 'N', 1],
        [node('Unsqueeze', ['x', 'axes'], ['z']), node('Concat', ['z', 'z'], ['y'], { axis: 0 })],
        [{ name: 'axes', integers: [0] }],
      ),
      ['a'],
      /"y" has the shape \[2, 2, 1\] for 2 rows and \[2, 16, 1\] for 16 rows: the rows are its dimension 2/,
    ],
    [
      'a constant vector',
      graphOf(
        ['rows', 1],
        [2],
        [node('ReduceMax', ['x'], ['m'], { keepdims: 0 }), node('Mul', ['m', 'w'], ['y'])],
        [{ name: 'w', values: [1, 2] }],
      ),
      ['a'],
      /"y" has the shape \[2\] for 2 rows and \[2\] for 16 rows: it is the same for any number of rows/,
    ],
    [
      'a single number',
      graphOf(['rows', 1], [], [node('ReduceMax', ['x'], ['y'], { keepdims: 0 })]),
      ['a'],
      /"y" has the shape \[\] for 2 rows and \[\] for 16 rows/,
    ],
    [
      'all values in one dimension',
      reshape(['rows', 3], ['n'], [-1]),
      ['a', 'b', 'c'],
      /"y" has the shape \[6\] for 2 rows .*no dimension is the number of rows/,
    ],
    [
      '[rows, rows]',
      graphOf(
        ['rows', 1],
        [null, null],
        [node('Transpose', ['x'], ['t'], { perm: [1, 0] }), node('MatMul', ['x', 't'], ['y'])],
      ),
      ['a'],
      /"y" has the shape \[2, 2\] .*more than one dimension grows with the rows/,
    ],
    [
      'an input with a fixed first dimension and an open second',
      transpose([3, 'N', 1], null, [1, 0, 2]),
      ['a', 'b', 'c'],
      /input "x" is float32 \[3, N, 1\]: its first dimension is a fixed 3 and another one is open/,
    ],
    [
      'an input whose second dimension is the batch',
      transpose(['seq', 'batch', 1], null, [1, 0, 2]),
      ['a', 'b', 'c'],
      /input "x" is float32 \[rows, batch, 1\]: its rows seem to be the dimension "batch"/,
    ],
    [
      'an input of features and rows, both open',
      graphOf(
        [null, null],
        [null, null],
        [node('MatMul', ['w', 'x'], ['y'])],
        [{ name: 'w', values: [1, 2, 3], shape: [1, 3] }],
      ),
      ['a', 'b', 'c'],
      /fails on every row/,
    ],
    [
      'an input of a running sum over its first dimension',
      graphOf(
        ['s', 'd', 1],
        ['s', 'd', 1],
        [node('CumSum', ['x', 'axis'], ['y'])],
        [{ name: 'axis', integers: [0], shape: [] }],
      ),
      ['a'],
      /"x" is float32 \[rows, d, 1\], and its first dimension does not behave as rows/,
    ],
    [
      'a fixed call whose output has the rows second, and as many columns',
      transpose([3, 3], [3, 3], [1, 0]),
      ['a', 'b', 'c'],
      /output "y" is \[3, 3\] for 3 rows, and its first dimension does not behave as rows/,
    ],
    [
      'an input with a dimension 0',
      graphOf([0, 1], [0, 1], [node('Identity', ['x'], ['y'])]),
      ['a'],
      /its input "x" has a dimension 0 \(float32 \[0, 1\]\)/,
    ],
    [
      'columns that are no multiple of the fixed dimensions',
      transpose(['rows', 'k', 2], null, [0, 2, 1]),
      ['a', 'b', 'c'],
      /takes a multiple of 2 columns; features.columns names 3/,
    ],
  ])('%s', async (_, graph, features, says) => {
    const run = score(graph, features);
    await expect(run).rejects.toThrow(says);
    await expect(run).rejects.toMatchObject({ exitCode: 3 });
  });

  it('but not where the job does not use the output', async () => {
    const graph = transpose(['rows', 3], ['k', 'n'], [1, 0]);
    const both = {
      ...graph,
      outputs: [...graph.outputs, { name: 'z', elementType: 'float32' as const, shape: ['rows', 3] }],
      nodes: [...graph.nodes, node('Identity', ['x'], ['z'])],
    };
    await expect(score(both, ['a', 'b', 'c'])).rejects.toThrow('model.outputs: [z]');
    const { rows } = await score(both, ['a', 'b', 'c'], ['z']);
    expect(rows.map(({ z }) => z)).toEqual(rowNumbers.map((r) => [r, 10 * r, 100 * r]));
  });
});

describe('a model that fails on every row', () => {
  it.each<[what: string, graph: OnnxGraph, features: string[], says: RegExp]>([
    [
      'since it takes more columns',
      product(['rows', null], ['rows', 1], [3, 1]),
      ['a', 'b'],
      /takes 3 columns for its input "x" .*; it gets 2 \(a, b\)/,
    ],
    [
      'since it takes fewer columns',
      product(['rows', null], ['rows', 1], [1, 1]),
      ['a', 'b'],
      /takes 1 column for its input "x" .*; it gets 2 \(a, b\)/,
    ],
    [
      'whatever its columns',
      graphOf(
        ['rows', null],
        null,
        [node('MatMul', ['u', 'w'], ['t']), node('Mul', ['x', 't'], ['y'])],
        [
          { name: 'u', values: [1, 2], shape: [1, 2] },
          { name: 'w', values: [1], shape: [1, 1] },
        ],
      ),
      ['a', 'b'],
      /./,
    ],
  ])('%s: the rows are not to blame', async (_, graph, features, says) => {
    const run = score(graph, features);
    await expect(run).rejects.toMatchObject({ exitCode: 3, message: expect.not.stringContaining('row 1') });
    await expect(run).rejects.toThrow(says);
  });
});
