import { growTree, seeded } from '../../test/support/trees/grow-trees.ts';
import {
  classifierNode,
  regressorNode,
  type TestMode,
  type TestTree,
  treeModel,
} from '../../test/support/trees/tree-models.ts';

/** A model of the benchmark's own, with thresholds on so many values a feature as boosting libraries bin them into. */
export interface Forest {
  readonly title: string;
  readonly trees: number;
  readonly leaves: number;
  /** 1: a regressor. */
  readonly classes: number;
  readonly modes: readonly TestMode[];
}

export const FOREST_FEATURES = 20;
const BINS = 200;

export const FORESTS = {
  '500 x 31': { title: '500 trees of 31 leaves', trees: 500, leaves: 31, classes: 1, modes: ['LEQ'] },
  '200 x 127': { title: '200 trees of 127 leaves', trees: 200, leaves: 127, classes: 1, modes: ['LEQ'] },
  '10 classes': { title: '10 classes, 300 x 31', trees: 300, leaves: 31, classes: 10, modes: ['LEQ'] },
  categories: {
    title: '200 x 31, a third of the branches on categories',
    ...{ trees: 200, leaves: 31, classes: 1, modes: ['LEQ', 'LEQ', 'EQ'] },
  },
  '500 x 255': { title: '500 trees of 255 leaves', trees: 500, leaves: 255, classes: 1, modes: ['LEQ'] },
} as const satisfies Record<string, Forest>;

export type ForestName = keyof typeof FORESTS;

/** The same model each time. */
export function forestBytes({ trees: count, leaves, classes, modes }: Forest): Uint8Array {
  const random = seeded(20_261_121);
  const trees = Array.from(
    { length: count },
    (_, index): TestTree =>
      growTree(random, {
        leaves,
        features: FOREST_FEATURES,
        modes,
        threshold: (next) => Math.floor(next() * BINS),
        votes: (next) => [[index % classes, Math.fround(next() - 0.5)]],
      }),
  );
  const shape = { features: FOREST_FEATURES, trees, double: false, baseValues: [] };
  if (classes === 1) {
    const model = { ...shape, transform: 'NONE', targets: 1, aggregate: 'SUM' };
    return treeModel(regressorNode(model), model);
  }
  const model = {
    ...shape,
    transform: 'SOFTMAX',
    labels: Array.from({ length: classes }, (_, each) => each),
  };
  return treeModel(classifierNode(model), model);
}

/** Rows that are evenly spread over the thresholds: what a branch predictor finds hardest. */
export function forestRows(rows: number): Float32Array {
  const random = seeded(7);
  return Float32Array.from({ length: rows * FOREST_FEATURES }, () => Math.floor(random() * (BINS + 1)));
}
