import { ML_DOMAIN, type OnnxAttribute, type OnnxGraph, type OnnxNode, onnxFile } from '../onnx.ts';

/** A tree to be written into a model. Leaves have a weight for each of the targets that they vote for. */
export type TestTree = TestLeaf | TestBranch;

export interface TestLeaf {
  readonly votes: readonly (readonly [target: number, weight: number])[];
}

export interface TestBranch {
  readonly feature: number;
  readonly mode: TestMode;
  readonly value: number;
  readonly missingTrue: boolean;
  readonly whenTrue: TestTree;
  readonly whenFalse: TestTree;
}

export const TEST_MODES = ['LEQ', 'LT', 'GTE', 'GT', 'EQ', 'NEQ'] as const;
export type TestMode = (typeof TEST_MODES)[number];

export interface TestEnsemble {
  readonly features: number;
  readonly trees: readonly TestTree[];
  readonly double: boolean;
  readonly baseValues: readonly number[];
  readonly transform: string;
}

export function isLeaf(tree: TestTree): tree is TestLeaf {
  return 'votes' in tree;
}

/** The branches of trees, each once, though others may share it. */
export function* branchesOf(trees: readonly TestTree[]): Generator<TestBranch> {
  const waiting = [...trees];
  const seen = new Set<TestTree>();
  for (let tree = waiting.pop(); tree !== undefined; tree = waiting.pop()) {
    if (isLeaf(tree) || seen.has(tree)) continue;
    seen.add(tree);
    yield tree;
    waiting.push(tree.whenTrue, tree.whenFalse);
  }
}

interface NodeColumns {
  readonly treeIds: number[];
  readonly nodeIds: number[];
  readonly features: number[];
  readonly modes: string[];
  readonly values: number[];
  readonly whenTrue: number[];
  readonly whenFalse: number[];
  readonly missing: number[];
  readonly votes: { tree: number; node: number; target: number; weight: number }[];
}

function columnsOf(trees: readonly TestTree[]): NodeColumns {
  const columns: NodeColumns = {
    treeIds: [],
    nodeIds: [],
    features: [],
    modes: [],
    values: [],
    whenTrue: [],
    whenFalse: [],
    missing: [],
    votes: [],
  };
  trees.forEach((root, tree) => {
    let next = 0;
    const known = new Map<TestTree, number>();
    const add = (node: TestTree): number => {
      // Ends that are one object are one node.
      const shared = known.get(node);
      if (shared !== undefined) return shared;
      const id = next++;
      known.set(node, id);
      const row = columns.treeIds.push(tree) - 1;
      columns.nodeIds.push(id);
      columns.features.push(isLeaf(node) ? 0 : node.feature);
      columns.modes.push(isLeaf(node) ? 'LEAF' : `BRANCH_${node.mode}`);
      columns.values.push(isLeaf(node) ? 0 : node.value);
      columns.missing.push(!isLeaf(node) && node.missingTrue ? 1 : 0);
      columns.whenTrue.push(0);
      columns.whenFalse.push(0);
      if (isLeaf(node)) {
        for (const [target, weight] of node.votes) columns.votes.push({ tree, node: id, target, weight });
      } else {
        columns.whenTrue[row] = add(node.whenTrue);
        columns.whenFalse[row] = add(node.whenFalse);
      }
      return id;
    };
    add(root);
  });
  return columns;
}

function nodeAttributes(columns: NodeColumns, double: boolean): Record<string, OnnxAttribute> {
  return {
    nodes_treeids: columns.treeIds,
    nodes_nodeids: columns.nodeIds,
    nodes_featureids: columns.features,
    nodes_modes: { texts: columns.modes },
    nodes_truenodeids: columns.whenTrue,
    nodes_falsenodeids: columns.whenFalse,
    nodes_missing_value_tracks_true: columns.missing,
    ...numbers('nodes_values', columns.values, double),
  };
}

function numbers(name: string, values: readonly number[], double: boolean): Record<string, OnnxAttribute> {
  if (values.length === 0) return {};
  return double ? { [`${name}_as_tensor`]: { tensor: 'float64', values } } : { [name]: { floats: values } };
}

function votesOf(
  { votes }: NodeColumns,
  prefix: 'target' | 'class',
  double: boolean,
): Record<string, OnnxAttribute> {
  return {
    [`${prefix}_treeids`]: votes.map(({ tree }) => tree),
    [`${prefix}_nodeids`]: votes.map(({ node }) => node),
    [`${prefix}_ids`]: votes.map(({ target }) => target),
    ...numbers(
      `${prefix}_weights`,
      votes.map(({ weight }) => weight),
      double,
    ),
  };
}

export interface TestRegressor extends TestEnsemble {
  readonly targets: number;
  readonly aggregate: string;
}

export function regressorNode(model: TestRegressor): OnnxNode {
  const columns = columnsOf(model.trees);
  return {
    operator: 'TreeEnsembleRegressor',
    domain: ML_DOMAIN,
    inputs: ['x'],
    outputs: ['y'],
    attributes: {
      ...nodeAttributes(columns, model.double),
      ...votesOf(columns, 'target', model.double),
      n_targets: model.targets,
      aggregate_function: { text: model.aggregate },
      post_transform: { text: model.transform },
      ...numbers('base_values', model.baseValues, model.double),
    },
  };
}

export interface TestClassifier extends TestEnsemble {
  readonly labels: readonly number[] | readonly string[];
}

export function classifierNode(model: TestClassifier): OnnxNode {
  const columns = columnsOf(model.trees);
  const [first] = model.labels;
  return {
    operator: 'TreeEnsembleClassifier',
    domain: ML_DOMAIN,
    inputs: ['x'],
    outputs: ['label', 'probabilities'],
    attributes: {
      ...nodeAttributes(columns, model.double),
      ...votesOf(columns, 'class', model.double),
      ...(typeof first === 'string'
        ? { classlabels_strings: { texts: model.labels as readonly string[] } }
        : { classlabels_int64s: model.labels as readonly number[] }),
      post_transform: { text: model.transform },
      ...numbers('base_values', model.baseValues, model.double),
    },
  };
}

/** A graph of one node over a matrix `x` of all features. */
export function treeGraph(
  node: OnnxNode,
  model: TestEnsemble,
  outputType: 'float32' | 'float64' = 'float32',
): OnnxGraph {
  const labels = node.attributes?.classlabels_strings === undefined ? 'int64' : 'string';
  return {
    inputs: [
      { name: 'x', elementType: model.double ? 'float64' : 'float32', shape: ['rows', model.features] },
    ],
    outputs: node.outputs.map((name) => ({
      name,
      elementType: name === 'label' ? labels : outputType,
      shape: name === 'label' ? ['rows'] : ['rows', null],
    })),
    nodes: [node],
  };
}

export function treeModel(node: OnnxNode, model: TestEnsemble): Uint8Array {
  return onnxFile(treeGraph(node, model));
}
