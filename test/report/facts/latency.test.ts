import { describe, expect, it } from 'vitest';
import { latencyOf } from '../../../src/report/facts/latency.ts';
import { LatencyHistogram } from '../../../src/runs/record/latency-histogram.ts';
import type { ShardRecord } from '../../../src/runs/record/shard-record.ts';
import { sampleShard } from '../../runs/sample-run.ts';

function shardWith(...durations: readonly number[]): ShardRecord {
  const latency = new LatencyHistogram();
  for (const ms of durations) latency.record(ms);
  return { ...sampleShard(0), batchLatency: latency.toJSON() };
}

describe('batch latency', () => {
  it('counts every call of all shards in a bin that holds it', () => {
    const durations = Array.from({ length: 500 }, (_, index) => 0.01 * 1.02 ** index);
    const facts = latencyOf([shardWith(...durations.slice(0, 200)), shardWith(...durations.slice(200))]);
    expect(facts?.calls).toBe(500);
    const bins = facts?.bins ?? [];
    expect(bins.length).toBeLessThanOrEqual(48);
    for (const { from, to, value } of bins)
      expect(value).toBe(durations.filter((ms) => ms > from && ms <= to).length);
    expect(facts?.max).toBe(durations.at(-1));
  });

  it('has a bin above zero for calls that took no time', () => {
    const [bin] = latencyOf([shardWith(0)])?.bins ?? [];
    expect(bin?.value).toBe(1);
    expect(bin?.from).toBeGreaterThan(0);
  });

  it('is nothing where no call was made', () => {
    expect(latencyOf([shardWith()])).toBeNull();
  });
});
