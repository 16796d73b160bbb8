import { expect, test } from 'vitest';
import { compileModel } from '../../../src/inference/trees/compile-model.ts';
import { candidatesOf } from '../../../src/inference/trees/near-cuts.ts';
import { ML_DOMAIN, onnxFile } from '../../support/onnx.ts';
import { firstDifference, openBoth } from '../../support/trees/compare-engines.ts';
import { regressorNode, type TestTree } from '../../support/trees/tree-models.ts';

const isFirst: TestTree = {
  feature: 0,
  mode: 'LEQ',
  value: 0.5,
  missingTrue: false,
  whenTrue: { votes: [[0, 1]] },
  whenFalse: { votes: [[0, 2]] },
};

/** Is the text the empty one? */
const MODEL = onnxFile({
  inputs: [{ name: 'x', elementType: 'string', shape: ['rows', 1] }],
  outputs: [{ name: 'y', elementType: 'float32', shape: ['rows', 1] }],
  nodes: [
    {
      operator: 'OneHotEncoder',
      domain: ML_DOMAIN,
      inputs: ['x'],
      outputs: ['hot'],
      attributes: { cats_strings: { texts: ['', 'red'] }, zeros: 1 },
    },
    { operator: 'Flatten', inputs: ['hot'], outputs: ['flat'], attributes: { axis: 1 } },
    {
      ...regressorNode({
        features: 2,
        trees: [isFirst],
        double: false,
        targets: 1,
        aggregate: 'SUM',
        transform: 'NONE',
        baseValues: [],
      }),
      inputs: ['flat'],
    },
  ],
});

test('a text that is made for the comparison reaches both engines whole, where one category is empty', async () => {
  const inputs = [{ input: 'x', elementType: 'string' as const, columns: ['a'], rowShape: [1] }];
  const made =
    candidatesOf(compileModel(MODEL, { inputs, outputs: ['y'] }))
      .get('x')
      ?.get(0) ?? [];
  const data = made.map(String);
  expect(data).toContain('');
  expect(data.length).toBeGreaterThan(1);
  const engines = await openBoth(MODEL);
  try {
    expect(await firstDifference(engines, new Map([['x', { data, dims: [data.length, 1] }]]))).toBeNull();
  } finally {
    await engines.runtime.close();
  }
});
