import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ELEMENT_TYPES, type ElementType } from '../../src/core/model.ts';
import { allocateTensor } from '../../src/core/tensor-data.ts';
import { ModelSession } from '../../src/inference/model-session.ts';
import { parseFeatureNames } from '../../src/inference/read-signature.ts';
import { identityGraph, type OnnxGraph, writeOnnx } from '../support/onnx.ts';
import { temporaryFolder } from '../support/project.ts';

async function open(graph: OnnxGraph): Promise<ModelSession> {
  const session = await ModelSession.open(await writeOnnx(join(await temporaryFolder(), 'm.onnx'), graph), {
    threads: 1,
  });
  onTestFinished(() => session.close());
  return session;
}

it.each<[text: string | undefined, names: readonly string[] | null]>([
  [undefined, null],
  ['', null],
  ['  ', null],
  ['["price", "a, b"]', ['price', 'a, b']],
  ["['price', 'stock']", ['price', 'stock']],
  ['price, stock ,,', ['price', 'stock']],
  ['price', ['price']],
  ['[price, stock]', ['price', 'stock']],
  ['[1, 2]', ['1', '2']],
])('feature_names %j are %j', (text, names) => {
  expect(parseFeatureNames(text)).toEqual(names);
});

describe('a model has a signature:', () => {
  it('names, types, and dimensions that are fixed, symbolic or unknown', async () => {
    const { signature } = await open({
      inputs: [
        { name: 'a', elementType: 'float32', shape: ['rows', 3] },
        { name: 'b', elementType: 'int64', shape: [null, 'k'] },
        { name: 'c', elementType: 'string', shape: [2] },
      ],
      outputs: [
        { name: 'ya', elementType: 'float32', shape: ['rows', 3] },
        { name: 'yb', elementType: 'int64', shape: [null, 'k'] },
        { name: 'yc', elementType: 'string', shape: [2] },
      ],
      nodes: ['a', 'b', 'c'].map((name) => ({ operator: 'Identity', inputs: [name], outputs: [`y${name}`] })),
      metadata: { feature_names: 'one,two,three' },
    });
    expect(signature.inputs).toEqual([
      { name: 'a', elementType: 'float32', shape: ['rows', 3] },
      { name: 'b', elementType: 'int64', shape: [null, 'k'] },
      { name: 'c', elementType: 'string', shape: [2] },
    ]);
    expect(signature.outputs.map(({ name }) => name)).toEqual(['ya', 'yb', 'yc']);
    expect(signature).toMatchObject({ skippedOutputs: [], featureNames: ['one', 'two', 'three'] });
  });
});

it.each(ELEMENT_TYPES)('feeds and fetches tensors of %s', async (type: ElementType) => {
  const session = await open(identityGraph(2, type));
  const data = allocateTensor(type, 4);
  if (Array.isArray(data)) data.splice(0, 4, 'a', '', 'größe', '🙂');
  else if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    data.set([1n, 2n, 2n ** 53n + 1n, 0n]);
  else data.set([1, 0, 1, 1]);
  const result = await session.run(new Map([['x', { data, dims: [2, 2] }]]), ['y']);
  expect(result.get('y')?.dims).toEqual([2, 2]);
  expect([...(result.get('y')?.data ?? [])]).toEqual([...data]);
});

it('says why a model cannot be loaded', async () => {
  const nodes = [{ operator: 'Frobnicate', inputs: ['x'], outputs: ['y'] }];
  await expect(open({ ...identityGraph(1), nodes })).rejects.toMatchObject({
    code: 'MODEL_UNREADABLE',
    message: expect.stringMatching(/Frobnicate.*check the export/),
  });
});
