import { describe, expect, it } from 'vitest';
import type { ElementType } from '../../src/core/model.ts';
import type { InputBinding } from '../../src/core/plan.ts';
import { FeatureBatch, type FeatureChunk } from '../../src/features/feature-batch.ts';

function binding(
  columns: readonly string[],
  elementType: ElementType = 'float32',
  input = 'x',
): InputBinding {
  return { input, elementType, columns, rowShape: [columns.length], fixedRows: null };
}

function chunkOf(...columns: FeatureChunk['columns'][number]['values'][]): FeatureChunk {
  return { rows: columns[0]?.length ?? 0, columns: columns.map((values) => ({ values })) };
}

const TWO_COLUMNS = chunkOf(new Float32Array([1, 2, 3]), new Float32Array([10, 20, 30]));

it('lays columns side by side, row after row', () => {
  const batch = new FeatureBatch([binding(['a', 'b'])], 4);
  batch.append(TWO_COLUMNS, 0, 3, 100);
  expect(batch.rows).toBe(3);
  expect(batch.isFull).toBe(false);
  expect([...batch.positions.subarray(0, 3)]).toEqual([100, 101, 102]);
  expect(batch.tensors(0, 3, 3).get('x')).toEqual({
    data: new Float32Array([1, 10, 2, 20, 3, 30]),
    dims: [3, 2],
  });
});

it('takes pieces of chunks, and starts anew when it is cleared', () => {
  const batch = new FeatureBatch([binding(['a', 'b'])], 3);
  batch.append(TWO_COLUMNS, 1, 3, 7);
  batch.append(TWO_COLUMNS, 0, 1, 20);
  expect(batch.isFull).toBe(true);
  expect([...batch.positions]).toEqual([7, 8, 20]);
  expect(batch.tensors(1, 3, 2).get('x')).toEqual({ data: new Float32Array([3, 30, 1, 10]), dims: [2, 2] });
  batch.clear();
  batch.append(TWO_COLUMNS, 2, 3, 0);
  expect(batch.tensors(0, 1, 1).get('x')?.data).toEqual(new Float32Array([3, 30]));
});

it('gives each input its own columns', () => {
  const batch = new FeatureBatch([binding(['a']), binding(['b', 'a'], 'float64', 'z')], 3);
  batch.append(chunkOf(...[1, 2, 3].map((factor) => new Float64Array([factor, factor * 10]))), 0, 2, 0);
  const tensors = batch.tensors(0, 2, 2);
  expect(tensors.get('x')).toEqual({ data: new Float32Array([1, 10]), dims: [2, 1] });
  expect(tensors.get('z')).toEqual({ data: new Float64Array([2, 3, 20, 30]), dims: [2, 2] });
});

describe('fills a fixed batch up with its last row:', () => {
  it.each<[elementType: ElementType, values: FeatureChunk['columns'][number]['values'], padded: unknown]>([
    ['float32', new Float32Array([1, 2]), new Float32Array([1, 2, 2, 2])],
    ['int64', new BigInt64Array([1n, -2n]), new BigInt64Array([1n, -2n, -2n, -2n])],
    ['uint8', new Uint8Array([1, 255]), new Uint8Array([1, 255, 255, 255])],
    ['bool', new Uint8Array([0, 1]), new Uint8Array([0, 1, 1, 1])],
    ['string', ['a', 'é'], ['a', 'é', 'é', 'é']],
    ['float16', new Float32Array([1, 2]), new Uint16Array([0x3c00, 0x4000, 0x4000, 0x4000])],
  ])('%s', (elementType, values, padded) => {
    const batch = new FeatureBatch([binding(['a'], elementType)], 4);
    batch.append(chunkOf(values), 0, 2, 0);
    expect(batch.tensors(0, 2, 4).get('x')).toEqual({ data: padded, dims: [4, 1] });
  });

  it('from the middle of a batch', () => {
    const batch = new FeatureBatch([binding(['a', 'b'])], 3);
    batch.append(TWO_COLUMNS, 0, 3, 0);
    expect(batch.tensors(1, 2, 2).get('x')?.data).toEqual(new Float32Array([2, 20, 2, 20]));
  });

  it('also before the first row, so that the rows keep their places in the call', () => {
    const batch = new FeatureBatch([binding(['a', 'b']), binding(['a'], 'string', 's')], 3);
    const [a, b] = TWO_COLUMNS.columns;
    batch.append(chunkOf(a?.values ?? [], b?.values ?? [], ['p', 'q', 'r']), 0, 3, 0);
    const tensors = batch.tensors(1, 3, 5, 2);
    expect(tensors.get('x')).toEqual({
      data: new Float32Array([2, 20, 2, 20, 2, 20, 3, 30, 3, 30]),
      dims: [5, 2],
    });
    expect(tensors.get('s')?.data).toEqual(['q', 'q', 'q', 'r', 'r']);
  });
});

it.each<[value: number, bits: number]>([
  [0, 0x0000],
  [-0, 0x8000],
  [1, 0x3c00],
  [-2, 0xc000],
  [65504, 0x7bff],
  [2 ** -24, 0x0001],
  [0.1, 0x2e66],
  [Number.POSITIVE_INFINITY, 0x7c00],
])('holds %d as a float16 of bits %i', (value, bits) => {
  const batch = new FeatureBatch([binding(['a'], 'float16')], 1);
  batch.append(chunkOf(new Float32Array([value])), 0, 1, 0);
  expect(batch.tensors(0, 1, 1).get('x')?.data).toEqual(new Uint16Array([bits]));
});
