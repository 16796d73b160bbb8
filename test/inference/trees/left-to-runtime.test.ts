import { expect, test } from 'vitest';
import { compileModel } from '../../../src/inference/trees/compile-model.ts';
import { ML_DOMAIN, type OnnxNode, onnxFile } from '../../support/onnx.ts';

type Attributes = NonNullable<OnnxNode['attributes']>;

/** Of a node: its tree, its number, its mode, its value, where it leads, whether NaN goes there. */
type Row = readonly [
  tree: number,
  id: number,
  mode: string,
  value: number,
  yes: number,
  no: number,
  missing?: number,
];

function regressor(rows: readonly Row[]): Attributes {
  const leaves = rows.filter(([, , mode]) => mode === 'LEAF');
  return {
    nodes_treeids: rows.map(([tree]) => tree),
    nodes_nodeids: rows.map(([, id]) => id),
    nodes_featureids: rows.map(() => 0),
    nodes_modes: { texts: rows.map(([, , mode]) => mode) },
    nodes_values: { floats: rows.map(([, , , value]) => value) },
    nodes_truenodeids: rows.map(([, , , , yes]) => yes),
    nodes_falsenodeids: rows.map(([, , , , , no]) => no),
    nodes_missing_value_tracks_true: rows.map(([, , , , , , missing = 0]) => missing),
    target_treeids: leaves.map(([tree]) => tree),
    target_nodeids: leaves.map(([, id]) => id),
    target_ids: leaves.map(() => 0),
    // Twins among the leaves have the same weight.
    target_weights: { floats: leaves.map(([, , , value]) => value) },
    n_targets: 1,
  };
}

function set(members: readonly number[]): Attributes {
  return {
    aggregate_function: 1,
    post_transform: 0,
    n_targets: 1,
    tree_roots: [0],
    nodes_featureids: [0],
    nodes_modes: { tensor: 'uint8', values: [6] },
    nodes_splits: { tensor: 'float32', values: [0] },
    nodes_truenodeids: [0],
    nodes_trueleafs: [1],
    nodes_falsenodeids: [1],
    nodes_falseleafs: [1],
    membership_values: { tensor: 'float32', values: [...members, Number.NaN] },
    leaf_targetids: [0, 0],
    leaf_weights: { tensor: 'float32', values: [1, 2] },
  };
}

function compile(operator: string, attributes: Attributes): void {
  const node = { operator, domain: ML_DOMAIN, inputs: ['x'], outputs: ['y'], attributes };
  const model = onnxFile({
    mlOpset: operator === 'TreeEnsemble' ? 5 : 3,
    inputs: [{ name: 'x', elementType: 'float32', shape: ['rows', 1] }],
    outputs: [{ name: 'y', elementType: 'float32', shape: ['rows', 1] }],
    nodes: [node],
  });
  const inputs = [{ input: 'x', elementType: 'float32' as const, columns: ['a'], rowShape: [1] }];
  compileModel(model, { inputs, outputs: ['y'] });
}

const LEQ = 'BRANCH_LEQ';
const EQ = 'BRANCH_EQ';
const leaf = (tree: number, id: number, weight: number): Row => [tree, id, 'LEAF', weight, 0, 0];

const MODELS: readonly (readonly [string, readonly Row[], string])[] = [
  [
    'a tree that begins with a leaf',
    [leaf(0, 1, 1), [0, 0, LEQ, 5, 1, 2], leaf(0, 2, 2)],
    'the first node of a tree does not lead to all others',
  ],
  [
    'nodes of two trees in turn',
    [[0, 0, LEQ, 5, 1, 2], [1, 0, LEQ, 5, 1, 2], leaf(0, 1, 1), leaf(1, 1, 1), leaf(0, 2, 2), leaf(1, 2, 2)],
    'the nodes of a tree stand among those of another',
  ],
  [
    'a chain of categories of which the second one takes NaN',
    [[0, 0, EQ, 2, 1, 2], leaf(0, 1, 1), [0, 2, EQ, 3, 3, 4, 1], leaf(0, 3, 1), leaf(0, 4, 2)],
    'a chain of categories treats missing values in two ways',
  ],
];

/** A chain that a tree's own exporter would hardly write: every branch has a leaf and the next branch. */
function chain(branches: number): readonly Row[] {
  const rows = Array.from({ length: branches }, (_, index) => [
    [0, 2 * index, LEQ, index, 2 * index + 1, 2 * index + 2] as const,
    leaf(0, 2 * index + 1, index),
  ]);
  return [...rows.flat(), leaf(0, 2 * branches, -1)];
}

test('a tree that is thousands of branches deep is left to ONNX Runtime', () => {
  expect(() => compile('TreeEnsembleRegressor', regressor(chain(200)))).not.toThrow();
  expect(() => compile('TreeEnsembleRegressor', regressor(chain(30_000)))).toThrow('its trees are too deep');
});

test.each(MODELS)('%s is left to ONNX Runtime', (_, rows, why) => {
  expect(() => compile('TreeEnsembleRegressor', regressor(rows))).toThrow(why);
});

const STUMP: readonly Row[] = [[0, 0, LEQ, 5, 1, 2], leaf(0, 1, 1), leaf(0, 2, 2)];

test('a leaf with two weights for one target is left to ONNX Runtime', () => {
  const twice = {
    ...regressor(STUMP),
    target_treeids: [0, 0, 0],
    target_nodeids: [1, 1, 2],
    target_ids: [0, 0, 0],
    target_weights: { floats: [1, 3, 2] },
  };
  expect(() => compile('TreeEnsembleRegressor', twice)).toThrow('a leaf has two weights for one target');
});

test('a class that only some leaves vote for is left to ONNX Runtime', () => {
  const votes = (classes: readonly number[]): Attributes => ({
    ...regressor(STUMP),
    class_treeids: [0, 0],
    class_nodeids: [1, 2],
    class_ids: classes,
    class_weights: { floats: [0.25, 0.75] },
    classlabels_int64s: [0, 1, 2],
  });
  expect(() => compile('TreeEnsembleClassifier', votes([1, 1]))).not.toThrow();
  expect(() => compile('TreeEnsembleClassifier', votes([0, 1]))).toThrow(
    'some rows have no vote for one of the classes',
  );
});

test('sets of TreeEnsemble are left to ONNX Runtime', () => {
  expect(() => compile('TreeEnsemble', set([2, 33]))).toThrow('ONNX Runtime tests sets in a way of its own');
});

test.each([
  [
    'keys that float64 cannot hold',
    { keys_int64s: [1, 2 ** 53], values_floats: { floats: [1, 2] } },
    'LabelEncoder',
    'keys_int64s has a whole number beyond 2^53',
  ],
  [
    'an encoder whose default float64 cannot hold',
    { keys_int64s: [1], values_int64s: [2], default_int64: 2 ** 60 },
    'LabelEncoder',
    'default_int64 has a whole number beyond 2^53',
  ],
  [
    'a vector of some columns only',
    { inputdimensions: [1] },
    'FeatureVectorizer',
    'FeatureVectorizer takes some columns of an input only',
  ],
] as const)('%s is left to ONNX Runtime', (_, attributes, operator, why) => {
  const before = { operator, domain: ML_DOMAIN, inputs: ['x'], outputs: ['f'], attributes };
  const elementType = operator === 'LabelEncoder' ? 'int64' : 'float32';
  const tree = { ...regressor([[0, 0, LEQ, 5, 1, 2], leaf(0, 1, 1), leaf(0, 2, 2)]) };
  const model = onnxFile({
    inputs: [{ name: 'x', elementType, shape: ['rows', 2] }],
    outputs: [{ name: 'y', elementType: 'float32', shape: ['rows', 1] }],
    nodes: [
      before,
      {
        operator: 'TreeEnsembleRegressor',
        domain: ML_DOMAIN,
        inputs: ['f'],
        outputs: ['y'],
        attributes: tree,
      },
    ],
  });
  const inputs = [{ input: 'x', elementType, columns: ['a', 'b'], rowShape: [2] } as const];
  expect(() => compileModel(model, { inputs, outputs: ['y'] })).toThrow(why);
});
