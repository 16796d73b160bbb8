import { expect, it } from 'vitest';
import type { InvalidRowPolicy } from '../../../src/core/plan.ts';
import {
  assertRejectsWithin,
  assertSomethingScored,
  rejectsOf,
} from '../../../src/shard/rejects/reject-limit.ts';
import { samplePlan, sampleShard } from '../../runs/sample-run.ts';

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

it.each<[rows: number, stagingRejects: number, rejects: number, says: string | null]>([
  [3, 0, 2, null],
  [12, 0, 10, null],
  [
    12,
    0,
    11,
    '11 rows were rejected so far; without onInvalid.max a run may have 10% (1 of 12 rows), and 10',
  ],
  [1000, 0, 100, null],
  [1000, 0, 101, '10% (100 of 1,000 rows)'],
  [900, 100, 101, '10% (100 of 1,000 rows)'],
])('without a limit, of %i rows and %i of staging: %i rejects', (rows, stagingRejects, rejects, says) => {
  const plan = { ...PLAN, input: { ...PLAN.input, rows, stagingRejects }, incremental: null };
  const check = () => assertRejectsWithin(policy(null, null), plan, rejects);
  if (says === null) expect(check).not.toThrow();
  else expect(check).toThrow(says);
});

it('what a grid lacks is left to its coverage', () => {
  const grid = { dimensions: [], filter: null, tables: [], blocks: null };
  const plan = { ...PLAN, input: { ...PLAN.input, grid, rows: 1000 } };
  expect(() => assertRejectsWithin(policy(null, null), plan, 999)).not.toThrow();
});

it('rows of an incremental job that cannot be told old from new do not count against the default', () => {
  const input = { ...PLAN.input, rows: 20, stagingRejects: 50 };
  const incremental = { kind: 'files', sequence: 1, after: null, full: false, files: 1 } as const;
  expect(() => assertRejectsWithin(policy(null, null), { ...PLAN, input, incremental }, 55)).not.toThrow();
  expect(() => assertRejectsWithin(policy(null, null), { ...PLAN, input, incremental }, 61)).toThrow();
});

it.each<[rowsOut: number, rejects: number, says: string | null]>([
  [1, 999, null],
  [0, 0, null],
  [0, 1, 'The only row was rejected'],
  [0, 1200, 'All 1,200 rows were rejected, so the run has no predictions. Nothing was published'],
])('%i rows scored and %i rejected', (rowsOut, rejects, says) => {
  const check = () => assertSomethingScored({ runId: 'r', rowsOut, rejects });
  if (says === null) expect(check).not.toThrow();
  else expect(check).toThrow(expect.objectContaining({ code: 'NOTHING_SCORED', exitCode: 5 }));
  if (says !== null) expect(check).toThrow(says);
});
