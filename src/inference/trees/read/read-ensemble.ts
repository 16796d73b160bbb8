import { type Aggregate, type Ensemble, type TreeNode, UnsupportedModel } from '../kernel/ensemble.ts';
import type { Attributes } from './attributes.ts';
import { readTrees } from './read-nodes.ts';
import { type ClassifierEnd, type RegressorEnd, TRANSFORMS, type Transform } from './scores.ts';

const AGGREGATES: ReadonlyMap<string, Aggregate> = new Map([
  ['SUM', 'sum'],
  ['AVERAGE', 'average'],
  ['MIN', 'min'],
  ['MAX', 'max'],
]);

export interface Regressor {
  readonly ensemble: Ensemble;
  readonly end: RegressorEnd;
}

/** TreeEnsembleRegressor. `double`: its input is. */
export function readRegressor(attributes: Attributes, double: boolean): Regressor {
  const targets = attributes.int('n_targets', 1);
  const trees = readTrees(attributes, {
    trees: attributes.ints('target_treeids'),
    nodes: attributes.ints('target_nodeids'),
    targets: attributes.ints('target_ids'),
    weights: attributes.numbers('target_weights'),
    count: targets,
  });
  const aggregate = AGGREGATES.get(attributes.text('aggregate_function', 'SUM')) ?? 'sum';
  return regressor({
    ensemble: { double, trees, targets, aggregate },
    baseValues: attributes.numbers('base_values'),
    transform: transformOf(attributes.text('post_transform', 'NONE')),
  });
}

/** Throws where a target may be left without a vote: its score would not be one. */
export function regressor(options: {
  readonly ensemble: Ensemble;
  readonly baseValues: readonly number[];
  readonly transform: Transform;
}): Regressor {
  const { ensemble, baseValues, transform } = options;
  const { double, trees, targets, aggregate } = ensemble;
  const isExtreme = aggregate === 'min' || aggregate === 'max';
  if (isExtreme && targets > 1 && votedOf(trees, targets).some((voted) => voted !== true))
    throw new UnsupportedModel(
      `not every row has a vote for each target, of which the ${aggregate} is taken`,
    );
  return { ensemble, end: { aggregate, trees: trees.length, baseValues, transform, double } };
}

export interface Classifier {
  readonly ensemble: Ensemble;
  readonly end: ClassifierEnd;
}

/** TreeEnsembleClassifier. `double`: its input is. */
export function readClassifier(attributes: Attributes, double: boolean): Classifier {
  const texts = attributes.texts('classlabels_strings');
  const labels = texts.length > 0 ? texts : attributes.ints('classlabels_int64s');
  if (labels.length < 2) throw new UnsupportedModel('it is a classifier of one class');
  const weights = attributes.numbers('class_weights');
  const classes = attributes.ints('class_ids');
  const trees = readTrees(attributes, {
    trees: attributes.ints('class_treeids'),
    nodes: attributes.ints('class_nodeids'),
    targets: classes,
    weights,
    count: labels.length,
  });
  const voted = votedOf(trees, labels.length);
  if (voted.includes(null)) throw new UnsupportedModel('some rows have no vote for one of the classes');
  const isBinary = labels.length === 2 && new Set(classes).size === 1;
  const end: ClassifierEnd = {
    baseValues: attributes.numbers('base_values'),
    transform: transformOf(attributes.text('post_transform', 'NONE')),
    double,
    voted: voted.map((each) => each === true),
    isBinary,
    allPositive: weights.every((weight) => !(weight < 0)),
    // ONNX Runtime answers 1 and 0 where there are votes for both, whatever the numbers of the classes are.
    labels: labels.length === 2 && !isBinary && texts.length === 0 ? [0, 1] : labels,
  };
  return { ensemble: { double, trees, targets: labels.length, aggregate: 'sum' }, end };
}

export function transformOf(name: string): Transform {
  const found = TRANSFORMS.find((each) => each === name);
  if (found === undefined) throw new UnsupportedModel(`its post transform is ${name}`);
  return found;
}

/** By target: whether every row has a vote for it, none has (false), or some have (null). */
function votedOf(trees: readonly TreeNode[], targets: number): readonly (boolean | null)[] {
  const found = new Array<boolean | null>(targets).fill(false);
  for (const tree of trees) {
    const { leaves, votes } = countVotes(tree, targets);
    votes.forEach((count, target) => {
      if (count === leaves) found[target] = true;
      else if (count > 0 && found[target] === false) found[target] = null;
    });
  }
  return found;
}

function countVotes(tree: TreeNode, targets: number): { leaves: number; votes: readonly number[] } {
  const votes = new Array<number>(targets).fill(0);
  const seen = new Set<TreeNode>();
  const waiting: TreeNode[] = [tree];
  let leaves = 0;
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === 'branch') waiting.push(node.whenTrue, node.whenFalse);
    else {
      leaves++;
      for (const { target } of node.votes) votes[target] = (votes[target] ?? 0) + 1;
    }
  }
  return { leaves, votes };
}
