import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ModelSignature } from '../../../../src/core/model.ts';
import type { TensorValue } from '../../../../src/inference/model-session.ts';
import { compileModel } from '../../../../src/inference/trees/compile-model.ts';
import { TreeExplainer } from '../../../../src/inference/trees/explain/tree-explainer.ts';
import { TreeSession } from '../../../../src/inference/trees/tree-session.ts';
import { ML_DOMAIN, onnxFile } from '../../../support/onnx.ts';
import { growTree, seeded } from '../../../support/trees/grow-trees.ts';
import {
  classifierNode,
  regressorNode,
  TEST_MODES,
  type TestRegressor,
  treeGraph,
  treeModel,
} from '../../../support/trees/tree-models.ts';

const FEATURES = 4;
const SIGNATURE: ModelSignature = { inputs: [], outputs: [], skippedOutputs: [], featureNames: null };

function grown(seed: number, targets = 1, aggregate = 'SUM'): TestRegressor {
  const random = seeded(seed);
  const trees = Array.from({ length: 6 }, () =>
    growTree(random, {
      leaves: 9,
      features: FEATURES,
      modes: TEST_MODES,
      threshold: (next) => Math.round(next() * 4 - 2),
      votes: (next) => Array.from({ length: targets }, (_, target) => [target, next() - 0.5]),
    }),
  );
  return { features: FEATURES, trees, double: true, targets, aggregate, transform: 'NONE', baseValues: [] };
}

const use = (outputs: readonly string[], elementType: 'float64' | 'float32' = 'float64') => ({
  inputs: [{ input: 'x', elementType, columns: new Array<string>(FEATURES).fill(''), rowShape: [FEATURES] }],
  outputs,
});

type Row = readonly number[];

const feeds = (
  rows: readonly Row[],
  Numbers: Float64ArrayConstructor | Float32ArrayConstructor = Float64Array,
) =>
  new Map<string, TensorValue>([['x', { data: Numbers.from(rows.flat()), dims: [rows.length, FEATURES] }]]);

/** By the definition: over all sets of columns, what one more of them from `x` adds to the mean answer. */
async function shapley(
  score: (rows: readonly Row[]) => Promise<readonly number[]>,
  x: Row,
  others: readonly Row[],
) {
  const sets = Array.from({ length: 2 ** FEATURES }, (_, set) => set);
  const hybrids = sets.flatMap((set) =>
    others.map((z) => z.map((value, column) => (set & (1 << column) ? (x[column] as number) : value))),
  );
  const scores = await score(hybrids);
  const mean = (set: number): number =>
    others.reduce((sum, _, index) => sum + (scores[set * others.length + index] as number), 0) /
    others.length;
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  return Array.from({ length: FEATURES }, (_, column) =>
    sets
      .filter((set) => (set & (1 << column)) === 0)
      .reduce((sum, set) => {
        const size = set.toString(2).replaceAll('0', '').length;
        const weight = (factorial(size) * factorial(FEATURES - size - 1)) / factorial(FEATURES);
        return sum + weight * (mean(set | (1 << column)) - mean(set));
      }, 0),
  );
}

const value = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(0.5, -1.5, Number.NaN));
const row = fc.array(value, { minLength: FEATURES, maxLength: FEATURES });
const others = fc.array(row, { minLength: 1, maxLength: 5 });

/** By column of the input; 0 where no tree looks at it. */
function byColumn(explainer: TreeExplainer, contributions: readonly number[]): readonly number[] {
  return Array.from({ length: FEATURES }, (_, column) => {
    const player = explainer.players.findIndex((columns) => columns.some((each) => each.column === column));
    return player === -1 ? 0 : (contributions[player] as number);
  });
}

describe('TreeExplainer', () => {
  it.each(['SUM', 'AVERAGE'])('gives the contributions that the definition gives (%s)', async (aggregate) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1000), row, others, async (seed, x, zs) => {
        const model = grown(seed, 1, aggregate);
        const bytes = treeModel(regressorNode(model), model);
        const session = await TreeSession.open('', SIGNATURE, compileModel(bytes, use(['y'])).recipe);
        const score = async (rows: readonly Row[]) =>
          Array.from((await session.run(feeds(rows), ['y'])).get('y')?.data as Float32Array);
        const explainer = new TreeExplainer(bytes, SIGNATURE, use(['y']));
        const [found] = await explainer.explain(feeds([x]), feeds(zs));
        const expected = await shapley(score, x, zs);
        byColumn(explainer, found?.contributions ?? []).forEach((each, column) => {
          expect(each).toBeCloseTo(expected[column] as number, 5);
        });
        const sum = (found?.contributions ?? []).reduce((total, each) => total + each, found?.expected ?? 0);
        expect(sum).toBeCloseTo(found?.score ?? Number.NaN, 9);
        expect(found?.score).toBeCloseTo((await score([x]))[0] as number, 5);
        expect(explainer.isOutput).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('explains the score of each class before it is made a probability', async () => {
    const model = { ...grown(3, 3), labels: ['low', 'mid', 'high'], transform: 'SOFTMAX' };
    const explainer = new TreeExplainer(
      treeModel(classifierNode(model), model),
      SIGNATURE,
      use(['probabilities']),
    );
    const found = await explainer.explain(
      feeds([[1, 2, -1, 0]]),
      feeds([
        [0, 0, 0, 0],
        [-2, 1, 1, 2],
      ]),
    );
    expect(found.map(({ target }) => target)).toEqual(['low', 'mid', 'high']);
    for (const { expected, score, contributions } of found)
      expect(contributions.reduce((sum, each) => sum + each, expected)).toBeCloseTo(score, 9);
    expect(explainer.isOutput).toBe(false);
  });

  it('of two classes explains the second', async () => {
    const one = grown(4);
    const model = { ...one, labels: ['no', 'yes'], transform: 'LOGISTIC' };
    const bytes = treeModel(classifierNode(model), model);
    const [found, ...more] = await new TreeExplainer(bytes, SIGNATURE, use(['probabilities'])).explain(
      feeds([[1, 2, -1, 0]]),
      feeds([[0, 0, 0, 0]]),
    );
    const session = await TreeSession.open('', SIGNATURE, compileModel(bytes, use(['probabilities'])).recipe);
    const answered = await session.run(feeds([[1, 2, -1, 0]]), ['probabilities']);
    const [, yes = 0] = (answered.get('probabilities')?.data ?? []) as Float32Array;
    expect(more).toEqual([]);
    expect(found?.target).toBe('yes');
    expect(1 / (1 + Math.exp(-(found?.score ?? 0)))).toBeCloseTo(yes, 5);
  });

  it('goes back through a scaler to the columns of the input', async () => {
    const model = { ...grown(8), double: false };
    const tree = { ...regressorNode(model), inputs: ['scaled'] };
    const scaler = {
      ...{ operator: 'Scaler', domain: ML_DOMAIN, inputs: ['x'], outputs: ['scaled'] },
      attributes: { offset: { floats: [1, 0, 0, 2] }, scale: { floats: [2, 1, 0.5, 1] } },
    };
    const bytes = onnxFile({ ...treeGraph(tree, model), nodes: [scaler, tree] });
    const explainer = new TreeExplainer(bytes, SIGNATURE, use(['y'], 'float32'));
    const session = await TreeSession.open('', SIGNATURE, compileModel(bytes, use(['y'], 'float32')).recipe);
    const score = async (rows: readonly Row[]) =>
      Array.from((await session.run(feeds(rows, Float32Array), ['y'])).get('y')?.data as Float32Array);
    const [x, zs] = [
      [1, 2, -1, 0],
      [
        [0, 0, 3, 1],
        [2, 1, -3, 2],
      ],
    ] as const;
    const [found] = await explainer.explain(feeds([x], Float32Array), feeds(zs, Float32Array));
    const expected = await shapley(score, x, zs);
    byColumn(explainer, found?.contributions ?? []).forEach((each, column) => {
      expect(each).toBeCloseTo(expected[column] as number, 4);
    });
  });

  it('leaves models whose score is no sum', () => {
    const model = grown(5, 1, 'MAX');
    expect(() => new TreeExplainer(treeModel(regressorNode(model), model), SIGNATURE, use(['y']))).toThrow(
      'its score is the max of its trees, not their sum',
    );
  });
});
