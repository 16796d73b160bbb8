import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { ModelSession, type TensorValue } from '../../src/inference/model-session.ts';
import { networkGraph } from '../support/networks.ts';
import { ML_DOMAIN, type OnnxGraph, type OnnxNode, writeOnnx } from '../support/onnx.ts';
import { temporaryFolder } from '../support/project.ts';
import { seededRandom } from '../support/seeded-random.ts';

const COLUMNS = 7;
const ROWS = 1024;

let folder = '';
beforeAll(async () => {
  folder = await temporaryFolder();
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => Math.sin(index + 1));

function graph(...nodes: readonly Partial<OnnxNode>[]): OnnxGraph {
  const named = nodes.map((node, index) => ({
    operator: 'Identity',
    inputs: [index === 0 ? 'x' : `h${index}`],
    outputs: [index === nodes.length - 1 ? 'y' : `h${index + 1}`],
    ...node,
  }));
  return {
    inputs: [{ name: 'x', elementType: 'float32', shape: ['rows', COLUMNS] }],
    outputs: [{ name: 'y', elementType: 'float32', shape: null }],
    nodes: named,
    weights: [
      { name: 'w', shape: [COLUMNS, 5], values: numbers(COLUMNS * 5) },
      { name: 'columns', values: numbers(COLUMNS) },
      { name: 'positive', values: numbers(COLUMNS).map((each) => each + 1.5) },
      { name: 'zeros', values: [0, -0, 0, -0, 0, -0, 0] },
      { name: 'row', shape: [1, COLUMNS], values: numbers(COLUMNS) },
      { name: 'zero', shape: [], values: [0] },
    ],
  };
}

const each = (operator: string): [string, OnnxGraph] => [operator, graph({ operator })];
const beside = (operator: string, other: string): [string, OnnxGraph] => [
  `${operator} with ${other}`,
  graph({ operator, inputs: ['x', other] }),
];

const ALONE =
  'Abs Ceil Celu Elu Erf Exp Floor HardSigmoid HardSwish LeakyRelu Log LogSoftmax Neg Reciprocal Relu Round Selu Sigmoid Sign Softmax Softplus Softsign Sqrt Tanh ThresholdedRelu';

it.each<[what: string, model: OnnxGraph]>([
  ...ALONE.split(' ').map(each),
  ...['columns', 'row', 'zero', 'zeros', 'x'].flatMap((other) =>
    ['Add', 'Mul', 'PRelu', 'Pow', 'Sub'].map((operator) => beside(operator, other)),
  ),
  beside('Div', 'columns'),
  ['side by side', graph({ operator: 'Concat', inputs: ['x', 'x'], attributes: { axis: 1 } })],
  ['between bounds', graph({ operator: 'Clip', inputs: ['x', 'zero'] })],
  ['MatMul', graph({ operator: 'MatMul', inputs: ['x', 'w'] })],
  [
    'one column',
    graph({ operator: 'MatMul', inputs: ['x', 'w'] }, { operator: 'Gemm', inputs: ['h1', 'one'] }),
  ],
  ['LayerNormalization', graph({ operator: 'LayerNormalization', inputs: ['x', 'columns'] })],
  [
    'BatchNormalization',
    graph({ operator: 'BatchNormalization', inputs: ['x', 'columns', 'columns', 'positive', 'positive'] }),
  ],
  ['Normalizer', graph({ operator: 'Normalizer', domain: ML_DOMAIN, attributes: { norm: { text: 'L2' } } })],
  ['a network', networkGraph([COLUMNS, 33, 16, 1])],
  ['a network of tanh', networkGraph([COLUMNS, 16, 3], { activation: 'Tanh' })],
])(
  '%s: a row has the same bits wherever it stands in a call of whole groups, and whatever surrounds it',
  async (_, model) => {
    const path = await writeOnnx(join(folder, 'model.onnx'), withOne(model));
    const session = await ModelSession.open(path, { threads: 1 });
    try {
      const { atOnce } = session;
      expect(atOnce).not.toBeNull();
      const whole = bitsOf(await session.run(feed(0, ROWS), ['y']), ROWS);
      for (const [start, rows] of [
        [0, 16],
        [3, 997],
        [250, 20],
        [1001, 23],
      ] as const)
        expect(bitsOf(atOnce?.(feed(start, rows), ['y']), rows)).toEqual(whole.slice(start, start + rows));
    } finally {
      await session.close();
    }
  },
);

const withOne = (model: OnnxGraph): OnnxGraph => ({
  ...model,
  weights: [...(model.weights ?? []), { name: 'one', shape: [5, 1], values: numbers(5) }],
});

/** Ordinary numbers, and now and then one of the others. */
const VALUES = Float32Array.from({ length: ROWS * COLUMNS }, numberOf(seededRandom(7)));

function numberOf(random: () => number): () => number {
  const odd = [Number.NaN, Infinity, -Infinity, 0, -0, 1e-40, 3e38];
  return () => (random() < 0.1 ? (odd[Math.floor(random() * odd.length)] ?? 0) : random() * 8 - 4);
}

/** Rows from `start` on, made up to whole groups with the last one. */
function feed(start: number, rows: number): ReadonlyMap<string, TensorValue> {
  const modelRows = Math.ceil(rows / 16) * 16;
  const data = new Float32Array(modelRows * COLUMNS);
  for (let row = 0; row < modelRows; row++) {
    const from = (start + Math.min(row, rows - 1)) * COLUMNS;
    data.set(VALUES.subarray(from, from + COLUMNS), row * COLUMNS);
  }
  return new Map([['x', { data, dims: [modelRows, COLUMNS] }]]);
}

/** Of each row: the bits of its values, NaN with its sign. */
function bitsOf(results: ReadonlyMap<string, TensorValue> | undefined, rows: number): string[] {
  const value = results?.get('y');
  const data = value?.data as Float32Array;
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const width = data.length / (value?.dims[0] ?? 1);
  return Array.from({ length: rows }, (_, row) => bits.subarray(row * width, (row + 1) * width).join(' '));
}
