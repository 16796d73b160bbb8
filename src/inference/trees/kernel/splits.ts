import { type Branch, type Leaf, type TreeNode, UnsupportedModel } from './ensemble.ts';
import { nextFloat } from './next-float.ts';
import { sameTree } from './same-tree.ts';

/** A tree whose branches ask one of two questions: is the value at or above a cut, is it one of a set. */
export type SplitNode = Leaf | Split;
export type Split = CutSplit<SplitNode> | SetSplit<SplitNode>;

export interface CutSplit<End> {
  readonly kind: 'cut';
  readonly feature: number;
  /** Values at or above it go high. */
  readonly cut: number;
  readonly nanHigh: boolean;
  readonly low: End;
  readonly high: End;
}

export interface SetSplit<End> {
  readonly kind: 'set';
  readonly feature: number;
  /** Values that are equal to one of these go high; at least one. */
  readonly values: readonly number[];
  readonly nanHigh: boolean;
  readonly low: End;
  readonly high: End;
}

/** Trees of more leaves are left to ONNX Runtime, which walks down one path of them. */
export const MOST_LEAVES = 4096;

/** The tree with its branches made into splits. Ends that branches share are repeated. */
export function splitsOf(tree: TreeNode, double: boolean): SplitNode {
  const next = nextFloat(double);
  let leaves = 0;
  const visit = (node: TreeNode): SplitNode => {
    if (node.kind === 'leaf') {
      if (++leaves > MOST_LEAVES) throw new UnsupportedModel(`a tree has more than ${MOST_LEAVES} leaves`);
      return node;
    }
    const split = splitOf(node, next);
    if (split.kind !== 'cut' && split.kind !== 'set') return visit(split);
    if (split.low === split.high) return visit(split.low);
    const [low, high] = [visit(split.low), visit(split.high)];
    // Written out: to copy all of a node by its names takes four times as long.
    return split.kind === 'cut'
      ? { kind: 'cut', feature: split.feature, cut: split.cut, nanHigh: split.nanHigh, low, high }
      : { kind: 'set', feature: split.feature, values: split.values, nanHigh: split.nanHigh, low, high };
  };
  return visit(tree);
}

type Ends = CutSplit<TreeNode> | SetSplit<TreeNode>;

function splitOf(branch: Branch, next: (value: number) => number): Ends | TreeNode {
  const { feature, mode, value, missingTrue, whenTrue, whenFalse } = branch;
  switch (mode) {
    case 'eq':
      return setSplit(feature, chainOf(branch));
    case 'neq':
      // NaN differs from every value, so that it always goes where the comparison holds.
      return setSplit(feature, { values: [value], nanHigh: false, low: whenTrue, high: whenFalse });
    case 'leq':
    case 'lt': {
      if (Number.isNaN(value)) return allButNan(branch, whenFalse);
      if (mode === 'leq' && value === Number.POSITIVE_INFINITY) return allButNan(branch, whenTrue);
      const cut = mode === 'leq' ? next(value) : value;
      return { kind: 'cut', feature, cut, nanHigh: !missingTrue, low: whenTrue, high: whenFalse };
    }
    case 'gte':
    case 'gt': {
      if (Number.isNaN(value) || (mode === 'gt' && value === Number.POSITIVE_INFINITY))
        return allButNan(branch, whenFalse);
      const cut = mode === 'gt' ? next(value) : value;
      return { kind: 'cut', feature, cut, nanHigh: missingTrue, low: whenFalse, high: whenTrue };
    }
  }
}

/** Every number goes to one end, and NaN where the branch says. */
function allButNan({ feature, missingTrue, whenTrue, whenFalse }: Branch, end: TreeNode): Ends {
  const nanEnd = missingTrue ? whenTrue : whenFalse;
  return { kind: 'cut', feature, cut: Number.NEGATIVE_INFINITY, nanHigh: false, low: nanEnd, high: end };
}

type SetEnds = Omit<SetSplit<TreeNode>, 'kind' | 'feature'>;

function setSplit(feature: number, ends: SetEnds): Ends | TreeNode {
  const { nanHigh, low, high } = ends;
  const values = [...new Set(ends.values)].filter((value) => !Number.isNaN(value));
  if (values.length > 0) return { kind: 'set', feature, values, nanHigh, low, high };
  if (!nanHigh) return low;
  return { kind: 'cut', feature, cut: Number.NEGATIVE_INFINITY, nanHigh: false, low: high, high: low };
}

/** LightGBM's exporters write "is one of 1, 4, 7" as a chain of branches with the same end. */
function chainOf(first: Branch): SetEnds {
  const { feature, whenTrue } = first;
  const values: number[] = [];
  let nanHigh = false;
  let rest: TreeNode = first;
  while (isEquality(rest) && rest.feature === feature && sameTree(rest.whenTrue, whenTrue)) {
    // Of some such chains, ONNX Runtime makes one branch that treats NaN as the first one does.
    if (rest.missingTrue && !first.missingTrue)
      throw new UnsupportedModel('a chain of categories treats missing values in two ways');
    values.push(rest.value);
    nanHigh ||= rest.missingTrue;
    rest = rest.whenFalse;
  }
  return { values, nanHigh, low: rest, high: whenTrue };
}

function isEquality(node: TreeNode): node is Branch {
  return node.kind === 'branch' && node.mode === 'eq';
}
