import { getMaxListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { allOrFirstError } from '../../../src/jobs/publish/all-or-first-error.ts';

describe('allOrFirstError', () => {
  it('lets any number of items listen to its signal without a warning of Node', async () => {
    let limit = -1;
    const work = async (_: number, signal: AbortSignal) => {
      limit = getMaxListeners(signal);
    };
    await allOrFirstError([1], work);
    expect(limit).toBe(0);
    await allOrFirstError([1], work, new AbortController().signal);
    expect(limit).toBe(0);
  });

  it('throws the first error once the others have been stopped', async () => {
    const stopped: number[] = [];
    const work = async (item: number, signal: AbortSignal) => {
      if (item === 0) throw new Error('the first');
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      stopped.push(item);
      throw new Error('later');
    };
    await expect(allOrFirstError([1, 0, 2], work)).rejects.toThrow('the first');
    expect(stopped).toEqual([1, 2]);
  });
});
