import { expect, it } from 'vitest';
import type { InvalidRowPolicy } from '../../src/core/plan.ts';
import { assertRejectsWithin, rejectsOf } from '../../src/shard/reject-limit.ts';
import { samplePlan, sampleShard } from '../runs/sample-run.ts';

/** 10 rows, and 2 that could not be split. */
const PLAN = samplePlan();

const policy = (maxRows: number | null, maxShare: number | null): InvalidRowPolicy => ({
  action: 'reject',
  maxRows,
  maxShare,
});

it('counts the rejects of all shards, and those of staging', () => {
  expect(rejectsOf(PLAN, [])).toBe(2);
  expect(rejectsOf(PLAN, [sampleShard(0, { rejects: 3 }), sampleShard(1, { rejects: 1 })])).toBe(6);
});

it.each<[maxRows: number | null, maxShare: number | null, rejects: number, says: string | null]>([
  [null, null, 12, null],
  [3, null, 3, null],
  [3, null, 4, '4 rows were rejected so far; onInvalid.max allows 3.'],
  [0, null, 1, 'onInvalid.max allows 0'],
  [null, 0.25, 3, null],
  [null, 0.25, 4, 'onInvalid.max allows 25% (3 of 12 rows)'],
  [2, 0.5, 3, '3 rows were rejected so far'],
])('at most %j rows and a share of %j: %i rejects', (maxRows, maxShare, rejects, says) => {
  const check = () => assertRejectsWithin(policy(maxRows, maxShare), PLAN, rejects);
  if (says === null) expect(check).not.toThrow();
  else {
    expect(check).toThrow(says);
    expect(check).toThrow(expect.objectContaining({ code: 'REJECTS_OVER_LIMIT', exitCode: 5 }));
  }
});
