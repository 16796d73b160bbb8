/** Trees as a model has them: what ONNX's three operators for trees have in common. */
export interface Ensemble {
  /** What values, thresholds and weights are: the scores are added in it, too. */
  readonly double: boolean;
  readonly trees: readonly TreeNode[];
  /** Scores a row: targets of a regressor, classes of a classifier. */
  readonly targets: number;
  readonly aggregate: Aggregate;
}

export type Aggregate = 'sum' | 'average' | 'min' | 'max';

export type TreeNode = Leaf | Branch;

export interface Leaf {
  readonly kind: 'leaf';
  /** At most one for each target. */
  readonly votes: readonly Vote[];
}

export interface Vote {
  readonly target: number;
  readonly weight: number;
}

/** How a branch compares its feature (left) with its value (right). */
export const MODES = ['leq', 'lt', 'gte', 'gt', 'eq', 'neq'] as const;
export type Mode = (typeof MODES)[number];

export interface Branch {
  readonly kind: 'branch';
  readonly feature: number;
  readonly mode: Mode;
  readonly value: number;
  /** Where NaN goes, apart from what the comparison says. */
  readonly missingTrue: boolean;
  /** Branches may share an end. */
  readonly whenTrue: TreeNode;
  readonly whenFalse: TreeNode;
}

/** A model that the tree engine leaves to ONNX Runtime, and why. */
export class UnsupportedModel extends Error {
  override readonly name = 'UnsupportedModel';
}
