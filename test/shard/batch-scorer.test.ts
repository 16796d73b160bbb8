import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import type { TensorData } from '../../src/core/tensor-data.ts';
import { FeatureBatch } from '../../src/features/feature-batch.ts';
import { ModelSession } from '../../src/inference/model-session.ts';
import { BatchScorer } from '../../src/shard/batch-scorer.ts';
import { type OnnxGraph, writeOnnx } from '../support/onnx.ts';
import { temporaryFolder } from '../support/project.ts';

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

/** What the sink was told of each row of a batch of `values`: a number, or a reason. */
async function score(graph: OnnxGraph, values: readonly number[], capacity = 64) {
  const session = await ModelSession.open(await writeOnnx(join(folder, 'model.onnx'), graph), { threads: 1 });
  const binding = {
    input: 'x',
    elementType: 'int64',
    columns: ['x'],
    rowShape: [1],
    fixedRows: null,
  } as const;
  const batch = new FeatureBatch([binding], capacity);
  const chunk = { rows: values.length, columns: [{ values: BigInt64Array.from(values, BigInt) }] };
  batch.append(chunk, 0, values.length, 100);
  const told: (number | string)[] = [];
  let calls = 0;
  const scorer = new BatchScorer({
    session,
    bindings: [{ output: 'y', elementType: 'float32', width: 1, shape: 'scalar', columns: ['y'] }],
    fixedRows: null,
    onCall: () => calls++,
  });
  const sink = {
    scored(outputs: readonly TensorData[], from: number, to: number, position: number): void {
      for (let row = from; row < to; row++) told[position - 100 + row - from] = Number(outputs[0]?.[row]);
    },
    failed(position: number, reason: string): void {
      told[position - 100] = reason;
    },
  };
  try {
    await scorer.score(batch, sink);
  } finally {
    await session.close();
  }
  return { told, calls };
}

const TABLE = Array.from({ length: 50 }, (_, index) => index * 10);

/** `y` is ten times `x`; fails where `x` is not from -50 to 49. */
const LOOKUP: OnnxGraph = {
  inputs: [{ name: 'x', elementType: 'int64', shape: ['rows', 1] }],
  outputs: [{ name: 'y', elementType: 'float32', shape: ['rows', 1] }],
  nodes: [{ operator: 'Gather', inputs: ['table', 'x'], outputs: ['y'] }],
  weights: [{ name: 'table', values: TABLE }],
};

/** As {@link LOOKUP}, but a call of several rows fails: its product needs a row vector. */
const ONE_ROW_A_CALL: OnnxGraph = {
  ...LOOKUP,
  nodes: [
    { operator: 'Gather', inputs: ['table', 'x'], outputs: ['found'] },
    { operator: 'MatMul', inputs: ['one', 'found'], outputs: ['y'] },
  ],
  weights: [...(LOOKUP.weights ?? []), { name: 'one', shape: [1, 1], values: [1] }],
};

it.each([1, 2, 15, 16, 17, 40, 64])('scores %i rows in one call', async (rows) => {
  const values = Array.from({ length: rows }, (_, index) => index % 50);
  expect(await score(LOOKUP, values)).toEqual({ told: values.map((value) => value * 10), calls: 1 });
});

it('a batch has no more rows than the plan says: a few rows of a small batch', async () => {
  expect(await score(LOOKUP, [1, 2], 3)).toEqual({ told: [10, 20], calls: 1 });
});

it.each([0, 1, 14, 15, 16, 20, 39])('finds the one row, at %i, that the model fails on', async (bad) => {
  const values = Array.from({ length: 40 }, (_, index) => (index === bad ? 99 : index));
  const { told } = await score(LOOKUP, values);
  expect(told).toEqual(
    values.map((value) => (value === 99 ? expect.stringMatching(/indices|out of/i) : value * 10)),
  );
});

it('scores with a model that takes one row a call, whatever it declares', async () => {
  const values = [3, 1, 4, 1, 5];
  expect((await score(ONE_ROW_A_CALL, values)).told).toEqual([30, 10, 40, 10, 50]);
  const { told } = await score(ONE_ROW_A_CALL, [3, 99, 4]);
  expect(told).toEqual([30, expect.stringMatching(/indices|out of/i), 40]);
  expect(await score(ONE_ROW_A_CALL, [3], 1)).toEqual({ told: [30], calls: 1 });
});
