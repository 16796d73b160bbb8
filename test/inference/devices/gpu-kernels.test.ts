import { expect, it } from 'vitest';
import type { ElementType, ModelSignature } from '../../../src/core/model.ts';
import { whyNoGpu } from '../../../src/inference/devices/gpu-kernels.ts';
import type { Operator } from '../../../src/inference/onnx/onnx-file.ts';

const onnx = (name: string): Operator => ({ name, domain: '' });
const classical = (name: string): Operator => ({ name, domain: 'ai.onnx.ml' });
const takes = (elementType: ElementType): ModelSignature => ({
  inputs: [{ name: 'x', elementType, shape: ['rows', 1] }],
  outputs: [],
  skippedOutputs: [],
  featureNames: null,
});

it.each<[what: string, operators: readonly Operator[], type: ElementType, why: string | null]>([
  ['a network', [onnx('Gemm'), onnx('Relu')], 'float32', null],
  ['a network behind a scaler', [classical('Scaler'), onnx('Gemm')], 'float32', null],
  ['an empty graph', [], 'float32', null],
  ['trees', [classical('TreeEnsembleRegressor')], 'float32', 'its trees (TreeEnsembleRegressor)'],
  [
    'trees among others',
    [onnx('Cast'), classical('TreeEnsembleClassifier'), onnx('Mul')],
    'float32',
    'trees',
  ],
  ['trees of the newer operator', [classical('TreeEnsemble')], 'float32', 'its trees (TreeEnsemble)'],
  ['a linear model', [classical('LinearRegressor')], 'float32', 'its operators (LinearRegressor)'],
  ['text', [onnx('Gemm')], 'string', '"x" is text'],
])('%s', (_, operators, type, why) => {
  const found = whyNoGpu(operators, takes(type));
  if (why === null) expect(found).toBeNull();
  else expect(found).toContain(why);
});
