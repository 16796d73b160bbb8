import { describe, expect, it } from 'vitest';
import type { Plan, ShardPlan } from '../../../src/core/plan.ts';
import { estimateOfRuns } from '../../../src/jobs/estimate/estimate-of-runs.ts';
import { estimateOfSample, secondsOfBusiest } from '../../../src/jobs/estimate/estimate-of-sample.ts';
import type { RunRecord } from '../../../src/runs/record/run-record.ts';

const shards = (sizes: readonly number[]): ShardPlan[] => {
  let rowStart = 0;
  return sizes.map((rows, index) => {
    const shard = { index, rowStart, rowEnd: rowStart + rows };
    rowStart += rows;
    return shard;
  });
};

const kv = { url: 'redis://cache:6379', layout: 'hash' } as NonNullable<Plan['kv']>;

function planOf(sizes: readonly number[], store: Plan['kv'] = null): Plan {
  const rows = sizes.reduce((sum, size) => sum + size, 0);
  const plan = {
    shards: shards(sizes),
    kv: store,
    input: { rows },
    model: { sha256: 'm' },
    engine: { name: 'trees' },
  };
  return plan as unknown as Plan;
}

interface PastRun {
  readonly rows?: number;
  readonly seconds?: number;
  readonly start?: number;
  readonly sha256?: string;
  readonly cpus?: number;
  readonly reused?: number;
  readonly url?: string;
}

function record({
  rows = 1000,
  seconds = 3,
  start = 1,
  sha256 = 'm',
  cpus = 2,
  reused = 0,
  url,
}: PastRun): RunRecord {
  const made = {
    runId: `run-${seconds}`,
    status: 'superseded',
    rowsIn: rows,
    durationSeconds: seconds,
    firstRowSeconds: start,
    shards: { total: 1, reused, retried: 0 },
    host: { cpus, memoryBytes: 1 },
    model: { sha256 },
    engine: { name: 'trees' },
    output: { bytes: rows * 2 },
    kv: url === undefined ? null : { url, keys: rows / 10, values: rows, bytes: rows * 20 },
  };
  return made as unknown as RunRecord;
}

describe('estimateOfRuns', () => {
  it('scales what lies behind the first row, and adds the start', () => {
    const found = estimateOfRuns(planOf([10_000]), [record({})], 2);
    expect(found).toMatchObject({
      basis: { kind: 'runs', runs: 1, newest: 'run-3' },
      seconds: 21,
      partBytes: 20_000,
    });
  });

  it('takes the middle of the newest five, and says how far apart they were', () => {
    const runs = [3, 3, 5, 3, 3, 100].map((seconds) => record({ seconds }));
    const found = estimateOfRuns(planOf([1000]), runs, 2);
    expect(found?.seconds).toBe(3);
    expect(found?.basis).toEqual({ kind: 'runs', runs: 5, newest: 'run-3' });
    expect(found?.within).toBeCloseTo(1 / 3);
  });

  it('counts only runs like it', () => {
    const others = [{ sha256: 'other' }, { cpus: 8 }, { reused: 1 }, { url: 'redis://cache:6379' }].map(
      record,
    );
    expect(estimateOfRuns(planOf([1000]), others, 2)).toBeNull();
  });

  it('says what the generation takes up in the store', () => {
    const found = estimateOfRuns(planOf([2000], kv), [record({ url: kv.url })], 2);
    expect(found?.store?.bytes).toBe(40_000);
    // 200 keys of 10 fields: more than the bytes themselves.
    expect(found?.store?.held).toBeGreaterThan(50_000);
  });
});

describe('estimateOfSample', () => {
  const cost = {
    ...{ rows: 100, rowsOut: 100, shardSeconds: 1, rowSeconds: 0.01, partBytes: 500 },
    store: { keys: 10, values: 100, bytes: 2000, seconds: 0 },
  };

  it('gives each shard to the worker that is free first', () => {
    const costs = { shardSeconds: 1, rowSeconds: 0.01 };
    expect(secondsOfBusiest(shards([100, 100, 100]), 2, costs)).toBeCloseTo(4);
    expect(secondsOfBusiest(shards([100, 100, 100]), 8, costs)).toBeCloseTo(2);
    expect(secondsOfBusiest(shards([100]), 0, costs)).toBeCloseTo(2);
  });

  it('scales bytes with the rows', () => {
    const found = estimateOfSample(planOf([100, 100, 100, 100], kv), cost, { elapsed: 5, processes: 1 });
    expect(found).toMatchObject({
      partBytes: 2000,
      store: { bytes: 8000 },
      basis: { kind: 'sample', rows: 100 },
    });
    expect(found.seconds).toBeGreaterThan(13);
  });

  it('has no store where the run has none', () => {
    expect(
      estimateOfSample(planOf([100]), { ...cost, store: null }, { elapsed: 0, processes: 1 }).store,
    ).toBeNull();
  });
});
