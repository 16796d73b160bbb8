import fc from 'fast-check';
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
  type TestClassifier,
  type TestEnsemble,
  type TestRegressor,
  type TestTree,
  treeModel,
} from '../../support/trees/tree-models.ts';

const FEATURES = 5;

/** Few values, so that thresholds come twice, and those that arithmetic is careless with. */
const VALUES = [0, -0, 1, 2, 3, 1.5, -2.25, 0.1, 1e-45, -1e-45, 1e30, -3e38, Infinity, -Infinity, NaN];

const value = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...VALUES) },
  { weight: 1, arbitrary: fc.float({ noNaN: true }) },
);

const weight = fc.float({ min: -4, max: 4, noNaN: true });

function trees(
  votes: fc.Arbitrary<readonly (readonly [number, number])[]>,
  modes = TEST_MODES as readonly string[],
) {
  const leaf = votes.map((each) => ({ votes: each }));
  return fc.letrec<{ tree: TestTree }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 6, depthSize: 'large', withCrossShrink: true },
      leaf,
      fc.record({
        feature: fc.nat(FEATURES - 1),
        mode: fc.constantFrom(...(modes as typeof TEST_MODES)),
        value,
        missingTrue: fc.boolean(),
        whenTrue: tie('tree'),
        whenFalse: tie('tree'),
      }) as fc.Arbitrary<TestTree>,
    ),
  })).tree;
}

/** Branches that happen to have the same end may be a chain that is left to ONNX Runtime. */
function ifTwoWays(error: Error): undefined {
  if (!error.message.includes('missing values in two ways')) throw error;
}

async function expectSame(bytes: Uint8Array, model: TestEnsemble, seed: number, rows = 600): Promise<void> {
  const engines = await openBoth(bytes).catch(ifTwoWays);
  if (engines === undefined) return;
  try {
    const x = { data: adversarialRows(model, seeded(seed), rows), dims: [rows, model.features] };
    expect(await firstDifference(engines, new Map([['x', x]]))).toBeNull();
  } finally {
    await engines.runtime.close();
  }
}

const aggregate = fc.constantFrom('SUM', 'AVERAGE', 'MIN', 'MAX');
const transform = fc.constantFrom('NONE', 'LOGISTIC', 'SOFTMAX', 'SOFTMAX_ZERO');
const runs = { numRuns: Number(process.env.TREE_RUNS ?? 60), endOnFailure: false } as const;

test('regressors of one target answer as ONNX Runtime does, bit for bit', async () => {
  const model: fc.Arbitrary<TestRegressor> = fc.record({
    features: fc.constant(FEATURES),
    trees: fc.array(trees(weight.map((each) => [[0, each]])), { minLength: 1, maxLength: 12 }),
    double: fc.boolean(),
    targets: fc.constant(1),
    aggregate,
    transform,
    baseValues: fc.array(weight, { maxLength: 1 }),
  });
  await fc.assert(
    fc.asyncProperty(model, fc.nat(), (each, seed) =>
      expectSame(treeModel(regressorNode(each), each), each, seed),
    ),
    runs,
  );
});

test('regressors of several targets answer as ONNX Runtime does, bit for bit', async () => {
  const model = fc.integer({ min: 2, max: 4 }).chain((targets) =>
    fc.record({
      features: fc.constant(FEATURES),
      trees: fc.array(
        trees(
          fc.tuple(...Array.from({ length: targets }, (_, target) => fc.tuple(fc.constant(target), weight))),
        ),
        {
          minLength: 1,
          maxLength: 8,
        },
      ),
      double: fc.boolean(),
      targets: fc.constant(targets),
      aggregate,
      transform,
      baseValues: fc
        .constantFrom(0, targets)
        .chain((length) => fc.array(weight, { minLength: length, maxLength: length })),
    }),
  );
  await fc.assert(
    fc.asyncProperty(model, fc.nat(), (each, seed) =>
      expectSame(treeModel(regressorNode(each), each), each, seed),
    ),
    runs,
  );
});

test('classifiers answer as ONNX Runtime does, bit for bit', async () => {
  const model = fc.integer({ min: 2, max: 5 }).chain((classes) =>
    fc.constantFrom('all', 'one each', 'first', 'second').chain(
      (votes): fc.Arbitrary<TestClassifier> =>
        fc.record({
          features: fc.constant(FEATURES),
          trees: classTrees(classes, votes, fc.boolean()),
          double: fc.boolean(),
          labels: fc.constantFrom(
            Array.from({ length: classes }, (_, index) => index * 3 + 5),
            Array.from({ length: classes }, (_, index) => `class ${index}`),
          ),
          transform,
          baseValues: fc
            .constantFrom(0, classes)
            .chain((length) => fc.array(weight, { minLength: length, maxLength: length })),
        }),
    ),
  );
  await fc.assert(
    fc.asyncProperty(model, fc.nat(), (each, seed) =>
      expectSame(treeModel(classifierNode(each), each), each, seed),
    ),
    runs,
  );
});

function classTrees(
  classes: number,
  votes: string,
  positive: fc.Arbitrary<boolean>,
): fc.Arbitrary<TestTree[]> {
  return positive.chain((isPositive) => {
    const w = isPositive ? fc.float({ min: 0, max: Math.fround(0.3), noNaN: true }) : weight;
    const vote = (target: number) => fc.tuple(fc.constant(target), w);
    const one = (target: number) => trees(fc.tuple(vote(target)));
    if (votes === 'all')
      return fc.array(trees(fc.tuple(...Array.from({ length: classes }, (_, target) => vote(target)))), {
        minLength: 1,
        maxLength: 6,
      });
    if (votes === 'one each') return fc.tuple(...Array.from({ length: classes }, (_, target) => one(target)));
    return fc.array(one(votes === 'first' ? 0 : 1), { minLength: 1, maxLength: 6 });
  });
}

/** Trees that grew, of one target. */
function grown(seed: number, count: number, growth: Partial<Growth>, double = false): TestRegressor {
  const random = seeded(seed);
  const round = double ? (each: number): number => each : Math.fround;
  const whole: Growth = {
    leaves: 31,
    features: FEATURES,
    modes: ['LEQ'],
    threshold: (next) => round(next() * 8 - 4),
    votes: (next) => [[0, round(next() - 0.5)]],
    ...growth,
  };
  return {
    features: whole.features,
    trees: Array.from({ length: count }, () => growTree(random, whole)),
    double,
    targets: 1,
    aggregate: 'SUM',
    transform: 'NONE',
    baseValues: [0.5],
  };
}

/** Sets of categories: `kinds` of them in steps of `step`. */
function chained(seed: number, kinds: number, step: number, double = false): TestRegressor {
  const random = seeded(seed);
  const threshold = (next: () => number): number => (Math.floor(next() * kinds) - 3) * step;
  const model = grown(seed, 25, { modes: ['EQ', 'EQ', 'LEQ'], features: 2, leaves: 20, threshold }, double);
  return { ...model, trees: model.trees.map((tree) => withChains(tree, random, threshold, 30)) };
}

/** Few large trees among small ones. */
function mixed(leaves: number): TestRegressor {
  const small = grown(3, 8, { leaves: 12 });
  return { ...small, trees: [...grown(4, 4, { leaves }).trees, ...small.trees] };
}

const GROWN: readonly [string, TestRegressor][] = [
  ['a thousand trees', grown(1, 1000, { leaves: 8 })],
  ['features with more thresholds than a byte counts', grown(2, 60, { leaves: 120, features: 2 })],
  ['trees with more leaves than a byte numbers', mixed(700)],
  ['both, in float64', grown(4, 12, { leaves: 300, features: 1 }, true)],
  ['every mode, many times', grown(5, 40, { modes: TEST_MODES, leaves: 60 })],
  [
    'sets among so many thresholds that their ends come twice',
    grown(9, 20, { modes: ['EQ', 'LEQ'], features: 1, leaves: 120 }),
  ],
  ['categories', grown(6, 30, { modes: ['EQ', 'NEQ', 'LEQ'], threshold: (next) => Math.floor(next() * 40) })],
  [
    'more categories than a byte counts',
    grown(7, 60, { modes: ['EQ'], features: 1, threshold: (next) => Math.floor(next() * 900) }),
  ],
  [
    'thresholds that crowd on one side',
    grown(11, 40, { features: 2, leaves: 60, threshold: (next) => Math.fround(2 ** (next() * 40 - 20)) }),
  ],
  [
    'thresholds of every magnitude, more than a byte counts',
    grown(12, 40, {
      features: 1,
      leaves: 60,
      modes: ['LEQ', 'GTE'],
      threshold: (next) => Math.fround((next() < 0.5 ? -1 : 1) * 2 ** (next() * 250 - 125)),
    }),
  ],
  [
    'thresholds next to each other',
    grown(13, 20, { features: 2, leaves: 60, threshold: (next) => 1 + Math.floor(next() * 99) * 2 ** -23 }),
  ],
  [
    'categories that are whole, negative and far apart',
    grown(14, 40, {
      features: 3,
      modes: ['EQ', 'NEQ'],
      threshold: (next, feature) =>
        feature === 0
          ? Math.floor(next() * 700) - 350
          : feature === 1
            ? Math.floor(next() * 40) * 99_991
            : (Math.floor(next() * 3) - 1) * 16_777_217,
    }),
  ],
  [
    'categories that are no whole numbers, more than a byte counts',
    grown(15, 60, { features: 1, modes: ['EQ'], threshold: (next) => Math.floor(next() * 900) / 4 }),
  ],
  [
    'categories in float64',
    grown(16, 30, { modes: ['EQ', 'LEQ'], threshold: (next) => Math.floor(next() * 300) }, true),
  ],
  ['sets of categories', chained(17, 60, 1)],
  ['sets of more categories than a byte counts', chained(18, 700, 1)],
  ['sets of other values than whole numbers, more than a byte counts', chained(19, 700, 0.25)],
  ['sets of categories in float64', chained(20, 700, 1, true)],
  [
    'numbers of leaves at the edges of tables',
    {
      ...grown(8, 1, {}),
      trees: [1, 2, 15, 16, 17, 32, 33, 64, 65, 128, 255, 256, 257].flatMap(
        (leaves) => grown(leaves, 2, { leaves }).trees,
      ),
    },
  ],
];

test.each(GROWN)('%s: the same bits as ONNX Runtime', async (_, model) => {
  await expectSame(treeModel(regressorNode(model), model), model, 7, 3000);
});

/** Trees whose weights are few and round, so that scores are often equal, or at a limit. */
function drawing(classes: number, votedFor: readonly number[], lowest: number): TestClassifier {
  const { trees, ...rest } = grown(31, 4, {
    leaves: 10,
    votes: (next) => votedFor.map((target) => [target, lowest + Math.floor(next() * 3) / 4] as const),
  });
  return { ...rest, trees, baseValues: [], labels: Array.from({ length: classes }, (_, index) => index) };
}

test.each([
  ['two of two', drawing(2, [0, 1], 0)],
  ['two of two, below 0', drawing(2, [0, 1], -0.25)],
  ['one of two', drawing(2, [1], -0.125)],
  ['one of two, below 0', drawing(2, [0], -0.25)],
  ['three', drawing(3, [0, 1, 2], 0)],
  ['five, below 0', drawing(5, [0, 1, 2, 3, 4], -0.25)],
] as const)('classes that draw, votes for %s: the label of ONNX Runtime', async (_, model) => {
  await expectSame(treeModel(classifierNode(model), model), model, 3, 2000);
});

const LEAST = { float32: 2 ** -149, float64: 2 ** -1074 };
const GREATEST = { float32: 2 ** 128 - 2 ** 104, float64: Number.MAX_VALUE };

test.each(
  ['SUM', 'AVERAGE', 'MIN', 'MAX'].flatMap((each) =>
    [1, 2].flatMap((targets) => [false, true].map((double) => [each, targets, double] as const)),
  ),
)('%s of %i targets (float64: %s) at the ends of the type: the same bits', async (each, targets, double) => {
  const type = double ? 'float64' : 'float32';
  const weights = [LEAST[type], -LEAST[type], GREATEST[type], -GREATEST[type], -0];
  const votes = (next: () => number): readonly (readonly [number, number])[] =>
    Array.from({ length: targets }, (_, target) => [target, weights[Math.floor(next() * 5)] ?? 0]);
  const model = { ...grown(33, 3, { leaves: 9, votes }, double), targets, aggregate: each, baseValues: [] };
  await expectSame(treeModel(regressorNode(model), model), model, 5, 500);
});
