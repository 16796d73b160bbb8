import { expect, test } from 'vitest';
import { ServeBatchError } from '../../../src/core/errors.ts';
import { buildRunRecord } from '../../../src/runs/record/build-run-record.ts';
import { sampleOutcome, samplePlan, sampleShard } from '../sample-run.ts';

const plan = samplePlan();
const shards = [
  sampleShard(1, { attempt: 3, rowsOut: 3, rejects: 1, rejectsFile: 'rejects/part-00001.parquet' }),
  sampleShard(0),
];

test('every input row is accounted for, rows that were set aside while staging too', () => {
  const record = buildRunRecord(plan, shards, sampleOutcome());
  expect(record).toMatchObject({ rowsIn: 12, rowsOut: 9, rejects: 3, input: { rows: 12 } });
});

test('parts stand in the order of the rows, with their rows and bytes', () => {
  const { output } = buildRunRecord(plan, shards, sampleOutcome());
  expect(output.parts.map(({ file, rows }) => [file, rows])).toEqual([
    ['parts/part-00000.parquet', 6],
    ['parts/part-00001.parquet', 3],
  ]);
  expect(output.bytes).toBe(2 * sampleShard(0).part.bytes);
  expect(output.path).toBe('out/sales');
});

test('the rate counts what this command computed, not what it found done', () => {
  const all = buildRunRecord(plan, shards, sampleOutcome({ durationSeconds: 2 }));
  expect(all).toMatchObject({ throughputRowsPerSecond: 5, shards: { total: 2, reused: 0, retried: 1 } });
  const resumed = buildRunRecord(
    plan,
    shards,
    sampleOutcome({ durationSeconds: 2, reusedShards: new Set([0]) }),
  );
  expect(resumed).toMatchObject({ throughputRowsPerSecond: 2, shards: { total: 2, reused: 1, retried: 1 } });
  expect(buildRunRecord(plan, shards, sampleOutcome({ durationSeconds: 0 })).throughputRowsPerSecond).toBe(0);
});

test('shards that were one statement are counted where all of them say', () => {
  const ways = (...inStatement: boolean[]) =>
    buildRunRecord(
      plan,
      ([0, 1] as const).map((index) => {
        const way = inStatement[index];
        return sampleShard(index, way === undefined ? {} : { inStatement: way });
      }),
      sampleOutcome(),
    ).shards.inStatement;
  expect([ways(true, true), ways(true, false), ways(true)]).toEqual([2, 1, undefined]);
});

test('seconds of work add up, latencies merge and the peak is the highest', () => {
  const record = buildRunRecord(plan, shards, sampleOutcome({ extraSeconds: { stage: 1.5 } }));
  expect(record.stages).toEqual({ read: 0.2, features: 0.4, infer: 0.6, write: 0.8, stage: 1.5 });
  expect(record.batchLatencyMs.max).toBe(8);
  expect(record.batchLatencyMs.p50).toBeCloseTo(2, 1);
  expect(record.peakMemoryBytes).toBe(1001);
});

test('the store is named without its password, and after the run', () => {
  const withPassword = samplePlan({
    kv: { ...plan.kv, url: 'redis://:hunter2@cache:6379' } as typeof plan.kv,
  });
  expect(buildRunRecord(withPassword, shards, sampleOutcome()).kv).toEqual({
    url: 'redis://cache:6379',
    generation: plan.runId,
    keys: 3,
    values: 9,
    bytes: 90,
  });
});

test('without a store, or before it was loaded, there is nothing to say of it', () => {
  expect(buildRunRecord(samplePlan({ kv: null }), shards, sampleOutcome()).kv).toBeNull();
  expect(buildRunRecord(plan, shards, sampleOutcome({ kv: null })).kv).toBeNull();
});

test('a run that failed before its first shard has a record too, with the error and no stack', () => {
  const error = new ServeBatchError('INVALID_ROW', 'Column "price" is null.', { fields: { row: 3 } });
  const record = buildRunRecord(plan, [], sampleOutcome({ status: 'failed', kv: null, error }));
  expect(record).toMatchObject({ status: 'failed', rowsIn: 2, rejects: 2, output: { parts: [], bytes: 0 } });
  expect(record.error).toEqual({
    code: 'INVALID_ROW',
    message: 'Column "price" is null.',
    fields: { row: 3 },
    retryable: false,
    exitCode: 3,
  });
  expect('error' in buildRunRecord(plan, shards, sampleOutcome())).toBe(false);
});
