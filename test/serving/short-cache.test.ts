import { describe, expect, it } from 'vitest';
import { ShortCache } from '../../src/serving/short-cache.ts';

describe('a short cache', () => {
  it('makes each answer once in its time, keeps no errors, and forgets the oldest', async () => {
    let nowMs = 0;
    const clock = { now: () => new Date(nowMs), monotonicMs: () => nowMs };
    const cache = new ShortCache<number>({ clock, keepMs: 100, most: 2 });
    let made = 0;
    const make = async (): Promise<number> => ++made;
    expect(await Promise.all([cache.get('a', make), cache.get('a', make)])).toEqual([1, 1]);
    nowMs = 99;
    expect([await cache.get('a', make), cache.has('a')]).toEqual([1, true]);
    nowMs = 100;
    expect(cache.has('a')).toBe(false);
    expect(await cache.get('a', make)).toBe(2);
    await cache.get('b', make);
    await cache.get('c', make);
    expect(['a', 'b', 'c'].map((key) => cache.has(key))).toEqual([false, true, true]);
    const fails = async (): Promise<number> => Promise.reject(new Error('no'));
    await expect(cache.get('d', fails)).rejects.toThrow('no');
    expect(cache.has('d')).toBe(false);
  });
});
