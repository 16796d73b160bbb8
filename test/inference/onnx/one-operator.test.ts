import { expect, it } from 'vitest';
import { ModelSession } from '../../../src/inference/model-session.ts';
import { oneOperatorModel } from '../../../src/inference/onnx/one-operator.ts';
import { parseOnnxGraph } from '../../../src/inference/onnx/onnx-graph.ts';

it.each(['float32', 'float64'] as const)('is a model of one operator over %s', async (type) => {
  const bytes = oneOperatorModel('Neg', type, 1024);
  const { nodes } = parseOnnxGraph(bytes);
  expect(nodes).toMatchObject([{ operator: 'Neg', domain: '', inputs: ['x'], outputs: ['y'] }]);
  const session = await ModelSession.openBytes('neg.onnx', bytes, { threads: 1 });
  expect(session.signature).toMatchObject({
    inputs: [{ name: 'x', elementType: type, shape: [1024] }],
    outputs: [{ name: 'y', elementType: type, shape: [1024] }],
  });
  await session.close();
});
