import { expect, test } from 'vitest';
import { ModelSession } from '../../../src/inference/model-session.ts';
import { expFloat32 } from '../../../src/inference/trees/evaluate/float-exp.ts';
import { logistic } from '../../../src/inference/trees/evaluate/post-transform.ts';
import { classifierNode, treeModel } from '../../support/trees/tree-models.ts';

test('what is no ordinary number', () => {
  expect([Number.NaN, Infinity, -Infinity, 0, 89, -104].map(expFloat32)).toEqual([
    NaN,
    Infinity,
    0,
    1,
    Infinity,
    0,
  ]);
});

// Bits that glibc's expf gives, beginning with those that float64 arithmetic rounded once would miss.
test.each([
  [1, 0x402df854],
  [-1, 0x3ebc5ab2],
  [-63.09946060180664, 0x11fa2993],
  [32.564632415771484, 0x56fc9f1c],
  [-87.5, 0x006cb2bc],
  [-100, 0x0000001b],
])('the exponential of %f', (value, bits) => {
  expect(new Uint32Array(Float32Array.of(expFloat32(value)).buffer)[0]).toBe(bits);
});

test('the logistic function of ONNX Runtime, for thousands of scores', async () => {
  const scores = Array.from({ length: 4000 }, (_, index) =>
    Math.fround((index - 2000) * 0.0137 + 1e-4 * Math.sin(index)),
  );
  // A tree that looks its answer up: chains of comparisons would be too deep.
  const look = (from: number, to: number): Parameters<typeof classifierNode>[0]['trees'][number] => {
    if (to - from === 1) return { votes: [[0, scores[from] as number]] };
    const middle = (from + to) >> 1;
    return {
      feature: 0,
      mode: 'LT',
      value: middle,
      missingTrue: false,
      whenTrue: look(from, middle),
      whenFalse: look(middle, to),
    };
  };
  const model = {
    features: 1,
    trees: [look(0, scores.length)],
    double: false,
    labels: [0, 1],
    transform: 'LOGISTIC',
    baseValues: [],
  };
  const session = await ModelSession.openBytes('test.onnx', treeModel(classifierNode(model), model), {
    threads: 1,
  });
  const x = { data: Float32Array.from(scores.keys()), dims: [scores.length, 1] };
  const answer = (await session.run(new Map([['x', x]]), ['probabilities'])).get('probabilities');
  await session.close();
  const second = [...(answer?.data ?? [])].filter((_, index) => index % 2 === 1);
  expect(second).toEqual(scores.map(logistic));
});
