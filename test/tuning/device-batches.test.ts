import { describe, expect, it } from 'vitest';
import type { TensorData } from '../../src/core/tensor-data.ts';
import { FeatureBatch } from '../../src/features/feature-batch.ts';
import type { TensorValue } from '../../src/inference/model-session.ts';
import { isDeviceLost, isOutOfDeviceMemory, RowLimit } from '../../src/inference/row-limit.ts';
import type { Session } from '../../src/inference/session.ts';
import { BatchScorer } from '../../src/shard/batch-scorer.ts';
import { chooseDeviceSize, defaultDeviceSize, deviceSizes } from '../../src/tuning/device-sizes.ts';

const BINDING = {
  input: 'x',
  elementType: 'float32',
  columns: ['x'],
  rowShape: [1],
  fixedRows: null,
} as const;

/** A device with memory for calls of `memoryRows` rows that fails otherwise on the value 13; `y` is `x`. */
function device(memoryRows: number, failure = 'CUDA failure 2: out of memory') {
  const calls: number[] = [];
  const session: Session = {
    path: 'm.onnx',
    signature: { inputs: [], outputs: [], skippedOutputs: [], featureNames: null },
    rowLimit: new RowLimit(),
    columns: null,
    async run(feeds) {
      const x = feeds.get('x') as TensorValue;
      calls.push(x.dims[0] ?? 0);
      if (x.data.length > memoryRows) throw new Error(failure);
      if ((x.data as Float32Array).includes(13)) throw new Error('13 is unknown');
      return new Map([['y', x]]);
    },
    async close() {},
  };
  return { session, calls };
}

async function score(
  session: Session,
  values: readonly number[],
  capacity: number,
  fixedRows: number | null = null,
) {
  const batch = new FeatureBatch([BINDING], capacity);
  batch.append(
    { rows: values.length, columns: [{ values: Float32Array.from(values) }] },
    0,
    values.length,
    0,
  );
  const told: (number | string)[] = [];
  const scorer = new BatchScorer({
    session,
    bindings: [{ output: 'y', elementType: 'float32', width: 1, shape: 'scalar', columns: ['y'] }],
    fixedRows,
    onCall() {},
  });
  await scorer.score(batch, {
    scored(outputs: readonly TensorData[], from, to, position) {
      for (let row = from; row < to; row++) told[position + row - from] = Number(outputs[0]?.[row]);
    },
    failed(position, reason) {
      told[position] = reason;
    },
  });
  return told;
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => 100 + index);

describe('calls on a device', () => {
  it('have always the same shape: a batch that is not full is filled up', async () => {
    const { session, calls } = device(64);
    expect(await score(session, numbers(3), 64)).toEqual(numbers(3));
    expect(await score(session, numbers(64), 64)).toEqual(numbers(64));
    expect(calls).toEqual([64, 64]);
  });

  it('are halved until they fit its memory, and stay so', async () => {
    const { session, calls } = device(20);
    expect(await score(session, numbers(50), 64)).toEqual(numbers(50));
    expect(calls).toEqual([64, 32, 16, 16, 16, 16]);
    expect(session.rowLimit?.rows).toBe(16);
    calls.length = 0;
    expect(await score(session, numbers(20), 64)).toEqual(numbers(20));
    expect(calls).toEqual([16, 16]);
  });

  it('that fail on a row reject that row alone', async () => {
    const { session } = device(64);
    expect(await score(session, [1, 13, 2], 64)).toEqual([1, '13 is unknown', 2]);
    expect(session.rowLimit?.rows).toBeNull();
  });

  it.each<[string, number, string, number | null]>([
    ['has no memory at all', 8, 'CUDA failure 2: out of memory', null],
    ['has no memory for a fixed shape', 8, 'Out of device memory', 64],
    ['is lost', 8, 'WebGPU device lost (2): gone', null],
  ])('reject no rows where the device %s: the run ends', async (_, memoryRows, failure, fixedRows) => {
    const { session } = device(memoryRows, failure);
    await expect(score(session, numbers(50), 64, fixedRows)).rejects.toMatchObject({ code: 'DEVICE_FAILED' });
  });
});

describe('words for a lack of memory', () => {
  it.each([
    'CUDA failure 2: out of memory ; GPU=0',
    'BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 10',
    'VK_ERROR_OUT_OF_DEVICE_MEMORY',
    'HRESULT 8007000e E_OUTOFMEMORY',
  ])('%s', (message) => {
    expect(isOutOfDeviceMemory(new Error(message))).toBe(true);
  });

  it('others are none', () => {
    expect(isOutOfDeviceMemory(new Error('indices element out of data bounds'))).toBe(false);
    expect(isOutOfDeviceMemory('out of memory')).toBe(false);
    expect(isDeviceLost(new Error('WebGPU device lost (1): x'))).toBe(true);
    expect(isDeviceLost(new Error('invalid category'))).toBe(false);
  });
});

describe('sizes of batches on a device', () => {
  it('double up to a bound, up to the largest shard, and up to 64 MiB', () => {
    expect(deviceSizes(40, 1_000_000)).toEqual([4096, 8192, 16_384, 32_768, 65_536, 131_072]);
    expect(deviceSizes(40, 20_000)).toEqual([4096, 8192, 16_384, 32_768]);
    expect(deviceSizes(4000, 1_000_000)).toEqual([4096, 8192, 16_384]);
    expect(deviceSizes(1_000_000, 10)).toEqual([4096]);
  });

  it('the fastest is taken; without any, one that the shard fills', () => {
    const timing = (batchSize: number, rowsPerSecond: number) => ({
      batchSize,
      rowsPerSecond,
      sameBits: true,
    });
    expect(chooseDeviceSize([timing(4096, 10), timing(8192, 30), timing(16_384, 20)], 100)).toBe(8192);
    expect(chooseDeviceSize([], 100)).toBe(128);
    expect([4096, 4097, 2048, 1].map(defaultDeviceSize)).toEqual([4096, 4096, 2048, 16]);
  });
});
