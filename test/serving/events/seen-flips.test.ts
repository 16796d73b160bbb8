import { describe, expect, it } from 'vitest';
import type { GenerationInfo } from '../../../src/kv/store.ts';
import { idOf, SeenFlips } from '../../../src/serving/events/seen-flips.ts';
import { INFO } from '../../kv/store-contract.ts';

const LINEAGE = 'folder-1';
const flip = (generation: string, token: number | null) => ({
  generation,
  fence: token === null ? null : { lineage: LINEAGE, token },
});
const planned = (day: number): GenerationInfo => ({ ...INFO, createdAt: `2026-11-${day}T00:00:00.000Z` });

function seen(): SeenFlips {
  const flips = new SeenFlips();
  flips.add(flip('g1', 5), planned(21));
  flips.add(flip('g2', 6), planned(22));
  flips.add(flip('g1', 9), planned(21));
  return flips;
}

const told = (flips: SeenFlips, lastId: string | undefined) =>
  flips.since(lastId).map((event) => [event.kind, event.flip.generation, idOf(event), event.previous]);

describe('flips that were seen', () => {
  it('are told from the one after the last that a client knows', () => {
    expect(told(seen(), '5')).toEqual([
      ['publish', 'g2', '6', 'g1'],
      ['rollback', 'g1', '9', 'g2'],
    ]);
    expect(told(seen(), '9')).toEqual([]);
  });

  it.each([undefined, '4', '7', 'x'])('are the state alone for a client that knows %s', (lastId) => {
    expect(told(seen(), lastId)).toEqual([['current', 'g1', '9', null]]);
  });

  it('are none before the first', () => {
    expect(told(new SeenFlips(), '5')).toEqual([]);
  });

  it('are new by their token, also of the same generation and of another folder', () => {
    const flips = seen();
    expect(flips.isKnown(flip('g1', 9))).toBe(true);
    expect(flips.isKnown(flip('g1', 10))).toBe(false);
    expect(flips.isKnown({ generation: 'g1', fence: { lineage: 'folder-2', token: 9 } })).toBe(false);
    expect(flips.isKnown(flip('g1', null)), 'an earlier version does not tell').toBe(true);
    expect(flips.isKnown(flip('g2', null))).toBe(false);
  });

  it('take no more memory than the last hundred need', () => {
    const flips = new SeenFlips();
    for (let token = 1; token <= 250; token++) flips.add(flip(`g${token}`, token), planned(21));
    expect(told(flips, '151')).toHaveLength(99);
    expect(told(flips, '150')).toEqual([['current', 'g250', '250', null]]);
  });
});
