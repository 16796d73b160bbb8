import { describe, expect, it } from 'vitest';
import { planPrune } from '../../../src/history/prune/prune-plan.ts';
import { runOn } from '../sample-history.ts';

const runIds = [9, 8, 7, 6, 5, 4, 3, 2, 1].map(runOn);
const runs = { runIds, current: runOn(8), spared: new Set([runOn(8), runOn(5)]) };
const days = (...which: number[]): string[] => which.map(runOn);
const startOf = (day: number): Date => new Date(`2026-11-0${day}T00:00:00Z`);

describe('planPrune', () => {
  it.each([
    ['beyond the newest', { keep: 3 }, days(1, 2, 3, 4, 6)],
    ['older than', { olderThan: startOf(4) }, days(1, 2, 3)],
    ['both: only what is both', { keep: 7, olderThan: startOf(6) }, days(1, 2)],
    ['both, the other way round', { keep: 3, olderThan: startOf(3) }, days(1, 2)],
    ['keep more than there are', { keep: 20 }, []],
    ['nothing is newer than the newest', { olderThan: startOf(1) }, []],
  ])('%s', (_, rule, expected) => {
    expect(planPrune(runs, rule)).toEqual(expected);
  });

  it('--keep leaves runs newer than the published one alone, --older-than does not', () => {
    const behind = { ...runs, current: runOn(2), spared: new Set([runOn(2)]) };
    expect(planPrune(behind, { keep: 1 })).toEqual(days(1));
    expect(planPrune(behind, { olderThan: startOf(5) })).toEqual(days(1, 3, 4));
  });

  it('where nothing was ever published, only the age decides', () => {
    const unpublished = { runIds, current: undefined, spared: new Set<string>() };
    expect(planPrune(unpublished, { keep: 1 })).toEqual([]);
    expect(planPrune(unpublished, { keep: 1, olderThan: startOf(3) })).toEqual(days(1, 2));
  });
});
