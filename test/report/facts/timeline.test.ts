import { describe, expect, it } from 'vitest';
import { throughputOf, timelineOf } from '../../../src/report/facts/timeline.ts';
import type { ShardRecord } from '../../../src/runs/record/shard-record.ts';
import { sampleShard } from '../../runs/sample-run.ts';

/** A shard of `rows` rows that was computed from one second to another. */
function shard(index: number, from: number, to: number, rows = 100): ShardRecord {
  const at = (seconds: number): string =>
    new Date(Date.UTC(2026, 10, 21) + Math.round(seconds * 1000)).toISOString();
  return { ...sampleShard(0), index, rowsIn: rows, rowsOut: rows, startedAt: at(from), finishedAt: at(to) };
}

describe('the timeline of a run', () => {
  it('puts shards that were computed at once into lanes', () => {
    const timeline = timelineOf([shard(2, 2, 3), shard(0, 0, 2), shard(1, 0.5, 2.5), shard(3, 2.5, 4)]);
    expect(timeline?.shards.map(({ index, lane }) => [index, lane])).toEqual([
      [0, 0],
      [1, 1],
      [2, 0],
      [3, 1],
    ]);
    expect(timeline).toMatchObject({ lanes: 2, seconds: 4, earlierShards: 0 });
  });

  it('counts each row once, over the time in which its shard was computed', () => {
    const timeline = timelineOf([shard(0, 0, 1, 300), shard(1, 0, 4, 400), shard(2, 1, 4, 90)]);
    const bins = timeline === null ? [] : throughputOf(timeline);
    expect(bins.reduce((sum, { from, to, value }) => sum + value * (to - from), 0)).toBeCloseTo(790);
    expect(bins[0]?.value).toBeGreaterThan(300);
    expect(bins.at(-1)?.value).toBeCloseTo(130);
  });

  it('leaves out what was computed before a long pause', () => {
    const timeline = timelineOf([shard(0, 0, 1), shard(1, 1, 2), shard(2, 3600, 3601), shard(3, 3600, 3602)]);
    expect(timeline).toMatchObject({ earlierShards: 2, seconds: 2, lanes: 2 });
    expect(timelineOf([shard(0, 0, 1), shard(1, 30, 31)])).toMatchObject({ earlierShards: 0, seconds: 31 });
  });

  it('takes a short shard beside a long one for no pause', () => {
    expect(timelineOf([shard(0, 0, 300), shard(1, 1, 2), shard(2, 200, 310)])?.earlierShards).toBe(0);
  });

  it('bears clocks that were set back', () => {
    const timeline = timelineOf([shard(0, 5, 1)]);
    expect(timeline?.seconds).toBeGreaterThan(0);
    expect(timeline === null ? [] : throughputOf(timeline)).toHaveLength(1);
  });

  it('there is none without shards', () => {
    expect(timelineOf([])).toBeNull();
  });
});
