import { describe, expect, test } from 'vitest';
import type { ElementType } from '../../../src/core/model.ts';
import { allocateTensor, type TensorData } from '../../../src/core/tensor-data.ts';
import type { TensorValue } from '../../../src/inference/model-session.ts';
import { VALUE_OPERATORS } from '../../../src/inference/trees/graph/recipe.ts';
import { ML_DOMAIN, type OnnxGraph, type OnnxNode, type OnnxTensor, onnxFile } from '../../support/onnx.ts';
import { firstDifference, openBoth } from '../../support/trees/compare-engines.ts';
import { growTree, seeded } from '../../support/trees/grow-trees.ts';
import {
  classifierNode,
  regressorNode,
  type TestClassifier,
  type TestRegressor,
} from '../../support/trees/tree-models.ts';

const FEATURES = 6;

function regressor(targets = 1): TestRegressor {
  const random = seeded(5);
  const trees = Array.from({ length: 20 }, () =>
    growTree(random, {
      leaves: 24,
      features: FEATURES,
      modes: ['LEQ', 'LT'],
      threshold: (next) => Math.fround(next() * 6 - 3),
      votes: (next) => Array.from({ length: targets }, (_, target) => [target, Math.fround(next() - 0.3)]),
    }),
  );
  return {
    features: FEATURES,
    trees,
    double: false,
    targets,
    aggregate: 'SUM',
    transform: 'NONE',
    baseValues: [],
  };
}

function classifier(classes: number, labels: readonly number[] | readonly string[]): TestClassifier {
  return { ...regressor(classes), labels, transform: classes === 2 ? 'NONE' : 'SOFTMAX' };
}

const ml = (
  operator: string,
  inputs: string[],
  outputs: string[],
  attributes: OnnxNode['attributes'] = {},
): OnnxNode => ({
  operator,
  domain: ML_DOMAIN,
  inputs,
  outputs,
  attributes,
});
const node = (
  operator: string,
  inputs: string[],
  outputs: string[],
  attributes: OnnxNode['attributes'] = {},
): OnnxNode => ({
  operator,
  inputs,
  outputs,
  attributes,
});
const matrix = (name: string, elementType: ElementType, columns: number | null): OnnxTensor => ({
  name,
  elementType,
  shape: ['rows', columns],
});
const trees = (x: string, y = 'y'): OnnxNode => ({
  ...regressorNode(regressor()),
  inputs: [x],
  outputs: [y],
});
const Y = [matrix('y', 'float32', 1)];
const FLOAT = 1;

/** Just above the middle of two float32: by way of float64 it would be rounded down. */
const MIDWAY = 2n ** 55n + 2n ** 31n + 1n;

/** Numbers as models get them, and some that are none. */
function valuesOf({ elementType, shape }: OnnxTensor, rows: number): TensorValue {
  const random = seeded(rows);
  const columns = shape?.length === 1 ? 1 : typeof shape?.[1] === 'number' ? shape[1] : 1;
  const data = allocateTensor(elementType, rows * columns) as unknown[];
  for (let index = 0; index < rows * columns; index++) {
    const value = random() < 0.03 ? [NaN, Infinity, -Infinity, -0][index % 4] : random() * 8 - 4;
    if (elementType === 'string')
      data[index] = ['red', 'green', 'blue', 'other', ''][Math.floor(random() * 5)];
    else if (elementType === 'int64')
      data[index] = BigInt(Math.floor(random() * 9) - 4) * (random() < 0.02 ? MIDWAY : 1n);
    else data[index] = elementType.startsWith('float') ? value : Math.floor(random() * 6);
  }
  return { data: data as unknown as TensorData, dims: shape?.length === 1 ? [rows] : [rows, columns] };
}

async function expectSame(graph: OnnxGraph): Promise<void> {
  const engines = await openBoth(onnxFile(graph));
  try {
    for (const rows of [1, 1500]) {
      const feeds = new Map(graph.inputs.map((input) => [input.name, valuesOf(input, rows)]));
      expect(await firstDifference(engines, feeds)).toBeNull();
    }
  } finally {
    await engines.runtime.close();
  }
}

const X = [matrix('x', 'float32', FEATURES)];
const SCALES = { offset: { floats: [1, 0.1, -2, 0, 0.5, 3] }, scale: { floats: [0.5, 3, 1, 0.1, 7, -1] } };
const IMPUTED = {
  imputed_value_floats: { floats: [1, 2, -1, 0, 0.5, 3] },
  replaced_value_float: { float: NaN },
};
const COLORS = { texts: ['red', 'green', 'blue'] };

const GRAPHS: readonly (readonly [string, OnnxGraph])[] = [
  ['a scaler', { inputs: X, outputs: Y, nodes: [ml('Scaler', ['x'], ['s'], SCALES), trees('s')] }],
  [
    'an imputer before a scaler',
    {
      inputs: X,
      outputs: Y,
      nodes: [ml('Imputer', ['x'], ['i'], IMPUTED), ml('Scaler', ['i'], ['s'], SCALES), trees('s')],
    },
  ],
  [
    'doubles that are cast',
    {
      inputs: [matrix('x', 'float64', FEATURES)],
      outputs: Y,
      nodes: [node('Cast', ['x'], ['f'], { to: FLOAT }), trees('f')],
    },
  ],
  [
    'whole numbers that are cast, rounded once',
    {
      inputs: [matrix('x', 'int64', FEATURES)],
      outputs: [matrix('f', 'float32', FEATURES), ...Y],
      nodes: [node('Cast', ['x'], ['f'], { to: FLOAT }), trees('f')],
    },
  ],
  [
    'a standard scaler as arithmetic',
    {
      inputs: X,
      outputs: Y,
      weights: [
        { name: 'mean', values: [1, 0.1, -2, 0, 0.5, 3], shape: [1, FEATURES] },
        { name: 'deviation', values: [0.7], shape: [1] },
      ],
      nodes: [node('Sub', ['x', 'mean'], ['m']), node('Div', ['m', 'deviation'], ['d']), trees('d')],
    },
  ],
  [
    'columns of three types, encoded and joined',
    {
      inputs: [matrix('a', 'float32', 1), matrix('color', 'string', 1), matrix('size', 'int64', 1)],
      outputs: Y,
      nodes: [
        ml('OneHotEncoder', ['color'], ['hot'], { cats_strings: COLORS, zeros: 1 }),
        node('Flatten', ['hot'], ['flat'], { axis: 1 }),
        ml('LabelEncoder', ['size'], ['sized'], {
          // Of a key that is given twice the first value counts.
          keys_int64s: [0, 1, 2, 1],
          values_floats: { floats: [0.5, -1, 2, 9] },
          default_float: { float: NaN },
        }),
        node('Identity', ['a'], ['same']),
        node('Concat', ['same', 'flat', 'sized', 'a'], ['x'], { axis: 1 }),
        trees('x'),
      ],
    },
  ],
  [
    'texts that become numbers',
    {
      inputs: [matrix('color', 'string', FEATURES)],
      outputs: Y,
      nodes: [
        ml('LabelEncoder', ['color'], ['x'], {
          keys_strings: COLORS,
          values_floats: { floats: [1.5, -1, 2] },
          default_float: { float: 0.25 },
        }),
        trees('x'),
      ],
    },
  ],
  [
    'columns that are chosen and joined again',
    {
      inputs: X,
      outputs: Y,
      weights: [
        { name: 'first', integers: [3, 1, 0] },
        { name: 'second', integers: [5, 5, 2] },
      ],
      nodes: [
        ml('ArrayFeatureExtractor', ['x', 'first'], ['f']),
        node('Gather', ['x', 'second'], ['s'], { axis: 1 }),
        ml('FeatureVectorizer', ['f', 's'], ['v'], { inputdimensions: [3, 3] }),
        trees('v'),
      ],
    },
  ],
  [
    'two ensembles that are added, scaled and reshaped',
    {
      inputs: X,
      outputs: [{ name: 'y', elementType: 'float32', shape: ['rows'] }],
      weights: [
        { name: 'half', values: [0.5] },
        { name: 'shape', integers: [-1] },
      ],
      nodes: [
        trees('x', 'a'),
        trees('x', 'b'),
        node('Sum', ['a', 'b'], ['c']),
        node('Mul', ['c', 'half'], ['d']),
        node('Reshape', ['d', 'shape'], ['y']),
      ],
    },
  ],
  [
    'probabilities that are normalized, and a label that is cast',
    {
      inputs: X,
      outputs: [{ name: 'cast', elementType: 'int32', shape: ['rows'] }, matrix('p', 'float32', null)],
      nodes: [
        classifierNode(classifier(3, [0, 1, 2])),
        node('Cast', ['label'], ['cast'], { to: 6 }),
        ml('Normalizer', ['probabilities'], ['p'], { norm: { text: 'L1' } }),
      ],
    },
  ],
  [
    'scores of two classes with texts as labels, normalized by the greatest',
    {
      inputs: X,
      outputs: [{ name: 'label', elementType: 'string', shape: ['rows'] }, matrix('p', 'float32', null)],
      nodes: [
        classifierNode(classifier(2, ['no', 'yes'])),
        ml('Normalizer', ['probabilities'], ['p'], { norm: { text: 'MAX' } }),
      ],
    },
  ],
  [
    'whole numbers that trees compare',
    {
      inputs: [matrix('x', 'int64', FEATURES)],
      outputs: [
        { name: 'label', elementType: 'int64', shape: ['rows'] },
        matrix('probabilities', 'float32', null),
      ],
      nodes: [classifierNode(classifier(3, [7, 8, 9]))],
    },
  ],
];

test.each(GRAPHS)('%s: the same bits as ONNX Runtime', (_, graph) => expectSame(graph));

describe('TreeEnsemble of version 5', () => {
  const MODES = { leq: 0, lt: 1, gte: 2, gt: 3, eq: 4, neq: 5 };

  /** Two trees: one of four leaves, one of a single leaf. */
  function ensemble(
    type: 'float32' | 'float64',
    aggregate: number,
    transform: number,
    mode: keyof typeof MODES,
  ): OnnxGraph {
    const attributes: OnnxNode['attributes'] = {
      aggregate_function: aggregate,
      post_transform: transform,
      n_targets: 2,
      tree_roots: [0, 3],
      nodes_featureids: [0, 1, 2, 0],
      nodes_modes: { tensor: 'uint8', values: [MODES.eq, MODES[mode], MODES.leq, MODES.leq] },
      nodes_splits: { tensor: type, values: [2, 1, 0.5, 0] },
      nodes_truenodeids: [1, 0, 2, 4],
      nodes_trueleafs: [0, 1, 1, 1],
      nodes_falsenodeids: [2, 1, 3, 4],
      nodes_falseleafs: [0, 1, 1, 1],
      nodes_missing_value_tracks_true: [1, 0, 1, 0],
      leaf_targetids: [0, 0, 0, 0, 1],
      leaf_weights: { tensor: type, values: [0.1, -2.5, 3.3, 4.7, 1.1] },
    };
    return {
      mlOpset: 5,
      inputs: [{ name: 'x', elementType: type, shape: ['rows', 3] }],
      outputs: [matrix('y', type, 2)],
      nodes: [ml('TreeEnsemble', ['x'], ['y'], attributes)],
    };
  }

  test.each(
    (['float32', 'float64'] as const).flatMap((type) =>
      (['leq', 'lt', 'gte', 'gt', 'eq', 'neq'] as const).map((mode) => [type, mode] as const),
    ),
  )('of %s, with the mode %s', async (type, mode) => {
    await expectWhole(ensemble(type, 1, 0, mode), 3);
  });

  test.each([
    [0, 0],
    [1, 1],
    [1, 2],
    [1, 3],
    [2, 0],
    [3, 0],
  ])('with the aggregate function %i and the post transform %i', async (aggregate, transform) => {
    await expectWhole(ensemble('float32', aggregate, transform, 'lt'), 3);
  });

  test('a root that has a leaf on one side, and on the other a node of the same number', async () => {
    const graph = ensemble('float32', 1, 0, 'leq');
    const [node] = graph.nodes;
    if (node === undefined) throw new Error('there is a node');
    const attributes = { ...node.attributes, nodes_trueleafs: [1, 1, 1, 1], nodes_truenodeids: [2, 0, 2, 4] };
    await expectWhole({ ...graph, nodes: [{ ...node, attributes }] }, 3);
  });

  /** Every combination of whole numbers, NaN and infinity. */
  async function expectWhole(graph: OnnxGraph, columns: number): Promise<void> {
    const engines = await openBoth(onnxFile(graph));
    const choices = [-1, 0, 0.5, 1, 2, 2.5, 32, NaN, Infinity, -Infinity];
    const rows = choices.length ** columns;
    const type = graph.inputs[0]?.elementType ?? 'float32';
    const data = allocateTensor(type, rows * columns) as Float64Array;
    for (let index = 0; index < data.length; index++) {
      const digit =
        Math.floor(Math.floor(index / columns) / choices.length ** (index % columns)) % choices.length;
      data[index] = choices[digit] ?? 0;
    }
    try {
      expect(await firstDifference(engines, new Map([['x', { data, dims: [rows, columns] }]]))).toBeNull();
    } finally {
      await engines.runtime.close();
    }
  }
});

describe('operators whose bits depend on the processor', () => {
  /** Calls are whole groups of 16 rows (docs/adr/0010-batch-size.md). */
  async function expectSameInGroups(graph: OnnxGraph): Promise<void> {
    const engines = await openBoth(onnxFile(graph));
    try {
      for (const rows of [16, 1024, 4112]) {
        const feeds = new Map(graph.inputs.map((input) => [input.name, valuesOf(input, rows)]));
        expect(await firstDifference(engines, feeds)).toBeNull();
      }
    } finally {
      await Promise.all([engines.runtime.close(), engines.trees.close()]);
    }
  }

  test.each(VALUE_OPERATORS)('%s behind trees, one column and three', async (operator) => {
    const three = { ...regressorNode(regressor(3)), inputs: ['x'], outputs: ['y'] };
    const last = node(operator, ['y'], ['z']);
    for (const [width, each] of [
      [1, trees('x')],
      [3, three],
    ] as const) {
      const outputs = [matrix('z', 'float32', width), matrix('y', 'float32', width)];
      await expectSameInGroups({ inputs: X, outputs, nodes: [each, last] });
    }
  });

  test.each(VALUE_OPERATORS)('%s before trees, of float32 and float64', async (operator) => {
    await expectSameInGroups({ inputs: X, outputs: Y, nodes: [node(operator, ['x'], ['v']), trees('v')] });
    const nodes = [
      ...[node(operator, ['x'], ['v']), node(operator, ['v'], ['w'])],
      ...[node('Cast', ['w'], ['f'], { to: FLOAT }), trees('f')],
    ];
    const outputs = [matrix('v', 'float64', FEATURES), matrix('w', 'float64', FEATURES), ...Y];
    await expectSameInGroups({ inputs: [matrix('x', 'float64', FEATURES)], outputs, nodes });
  });

  test('several in one model, with others between them', async () => {
    const nodes = [
      ...[trees('x'), node('Neg', ['y'], ['n']), node('Exp', ['n'], ['e'])],
      ...[node('Add', ['e', 'one'], ['d']), node('Reciprocal', ['d'], ['z'])],
    ];
    const outputs = [matrix('e', 'float32', 1), matrix('z', 'float32', 1)];
    const weights = [{ name: 'one', values: [1], shape: [1] }];
    await expectSameInGroups({ inputs: X, outputs, nodes, weights });
  });
});

test('an operator that is not known is left to ONNX Runtime', async () => {
  const graph = {
    inputs: X,
    outputs: [matrix('z', 'float32', 1)],
    nodes: [trees('x'), node('Elu', ['y'], ['z'])],
  };
  await expect(openBoth(onnxFile(graph))).rejects.toThrow('its operator Elu is not one of the tree engine');
});

test('an input of float16 is left to ONNX Runtime', async () => {
  const nodes = [node('Cast', ['x'], ['f'], { to: FLOAT }), trees('f')];
  const graph = { inputs: [matrix('x', 'float16', FEATURES)], outputs: Y, nodes };
  await expect(openBoth(onnxFile(graph))).rejects.toThrow('its input x is float16');
});
