import { describe, expect, it } from 'vitest';
import { takeKeptBatch } from '../../../src/kv/lmdb/kept-batch.ts';
import { kvBatch } from '../../support/kv-batch.ts';

describe('a kept batch', () => {
  it.each<[what: string, batch: ReturnType<typeof kvBatch>]>([
    [
      'fields',
      kvBatch([
        ['a', 'f', '1'],
        ['a', 'g', '2'],
        ['b', 'f', '3'],
      ]),
    ],
    ['no fields', { ...kvBatch([['a', '', '1']]), fieldSizes: null }],
    ['no rows', kvBatch([])],
    ['long texts', kvBatch([['a', 'f', 'x'.repeat(1_000_000)]])],
  ])('is a copy of one with %s', (_, batch) => {
    const kept = takeKeptBatch();
    const { bytes, keySizes, keyRows, fieldSizes, valueSizes, ...rest } = kept.copyOf(batch);
    expect({ ...rest, bytes: bytes.toString() }).toEqual({
      ...{ keys: batch.keys, rows: batch.rows },
      bytes: batch.bytes.toString(),
    });
    expect([keySizes, keyRows, fieldSizes, valueSizes].map((sizes) => sizes && [...sizes])).toEqual([
      [...batch.keySizes.subarray(0, batch.keys)],
      [...batch.keyRows.subarray(0, batch.keys)],
      batch.fieldSizes && [...batch.fieldSizes.subarray(0, batch.rows)],
      [...batch.valueSizes.subarray(0, batch.rows)],
    ]);
    kept.giveBack();
  });

  it('stays when the batch is written over', () => {
    const batch = kvBatch([['a', 'f', '1']]);
    const copy = takeKeptBatch().copyOf(batch);
    batch.bytes.fill(0);
    batch.valueSizes.fill(0);
    expect(copy.bytes.toString()).toBe('af1');
    expect([...copy.valueSizes]).toEqual([1]);
  });
});
