import { describe, expect, it } from 'vitest';
import { allOrFirstError } from '../../../src/jobs/publish/all-or-first-error.ts';

describe('allOrFirstError', () => {
  it('lets any number of items listen to its signal without a warning of Node', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    try {
      const items = Array.from({ length: 30 }, (_, index) => index);
      await allOrFirstError(items, async (_, signal) => signal.addEventListener('abort', () => {}));
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      process.off('warning', onWarning);
    }
    expect(warnings).toEqual([]);
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
