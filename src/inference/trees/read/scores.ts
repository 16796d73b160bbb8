import type { Aggregate } from '../kernel/ensemble.ts';

/** PROBIT is not among them: hardly a model has it, and its logarithm would have to be that of ONNX Runtime. */
export const TRANSFORMS = ['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO'] as const;
export type Transform = (typeof TRANSFORMS)[number];

/** What becomes of the sums of a regressor. */
export interface RegressorEnd {
  readonly aggregate: Aggregate;
  readonly trees: number;
  /** Added to the scores: none, one, or one for each target. */
  readonly baseValues: readonly number[];
  readonly transform: Transform;
  readonly double: boolean;
}

/** What becomes of the sums of a classifier. */
export interface ClassifierEnd {
  readonly baseValues: readonly number[];
  readonly transform: Transform;
  readonly double: boolean;
  /** By class: whether the trees vote for it at all. */
  readonly voted: readonly boolean[];
  /** Two classes, of which all votes are for one. */
  readonly isBinary: boolean;
  readonly allPositive: boolean;
  readonly labels: readonly number[] | readonly string[];
}
