import { expect, test } from 'vitest';
import { firstDifference, openBoth } from '../../support/trees/compare-engines.ts';
import {
  adversarialRows,
  type Growth,
  growTree,
  seeded,
  withChains,
} from '../../support/trees/grow-trees.ts';
import {
  classifierNode,
  regressorNode,
  TEST_MODES,
  type TestMode,
  type TestTree,
  treeModel,
} from '../../support/trees/tree-models.ts';

/** `npm run campaign:trees` compares ten million rows; in the usual tests there are few. */
const ROWS = Number(process.env.TREE_ROWS ?? 40_000);
const ROWS_OF_MODEL = Math.min(20_000, ROWS / 8);

const MODES: readonly (readonly TestMode[])[] = [['LEQ'], ['LT'], ['GT', 'GTE'], ['EQ', 'LEQ'], TEST_MODES];

/** A model of a seed: its kind, its size, how close its thresholds lie. */
function modelOf(seed: number) {
  const random = seeded(seed * 2_654_435_761);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const double = random() < 0.25;
  const round = double ? (value: number): number => value : Math.fround;
  const features = 1 + Math.floor(random() * 20);
  const classes = pick([0, 0, 2, 3, 10]);
  const targets = classes === 0 ? pick([1, 1, 1, 3]) : classes;
  const grid = pick([0, 1, 8, 1000]);
  const growth: Omit<Growth, 'leaves'> = {
    features,
    modes: pick(MODES),
    threshold: (next) => round(grid === 0 ? next() * 8 - 4 : Math.round((next() * 8 - 4) * grid) / grid),
    votes: (next) => Array.from({ length: targets }, (_, target) => [target, round(next() - 0.4)]),
  };
  const leaves = pick([1, 2, 8, 31, 31, 64, 127, 255, 400]);
  const count = 1 + Math.floor((random() * 6000) / (leaves + 20));
  const longest = pick([1, 1, 40]);
  const trees: TestTree[] = Array.from({ length: count }, () => {
    const tree = growTree(random, { ...growth, leaves: 1 + Math.floor(random() * leaves) });
    return longest === 1 ? tree : withChains(tree, random, growth.threshold, longest);
  });
  const transform = pick(['NONE', 'NONE', 'LOGISTIC', 'SOFTMAX', 'SOFTMAX_ZERO']);
  const baseValues = random() < 0.5 ? [] : Array.from({ length: targets }, () => round(random()));
  const shape = { features, trees, double, transform, baseValues };
  if (classes === 0) {
    const model = { ...shape, targets, aggregate: pick(['SUM', 'SUM', 'AVERAGE', 'MIN', 'MAX']) };
    return { model, bytes: treeModel(regressorNode(model), model) };
  }
  const model = { ...shape, labels: Array.from({ length: classes }, (_, index) => index) };
  return { model, bytes: treeModel(classifierNode(model), model) };
}

test(`${ROWS} rows have the bits of ONNX Runtime`, { timeout: 3_600_000 }, async () => {
  let compared = 0;
  for (let seed = Number(process.env.TREE_SEED ?? 1); compared < ROWS; seed++) {
    const { model, bytes } = modelOf(seed);
    const engines = await openBoth(bytes);
    const data = adversarialRows(model, seeded(seed), ROWS_OF_MODEL);
    const x = { data, dims: [ROWS_OF_MODEL, model.features] };
    const difference = await firstDifference(engines, new Map([['x', x]]));
    await engines.runtime.close();
    expect(difference, `the model of seed ${seed}`).toBeNull();
    compared += ROWS_OF_MODEL;
  }
  expect(compared).toBeGreaterThanOrEqual(ROWS);
});
