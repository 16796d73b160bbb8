import { describe, expect, it } from 'vitest';
import { isOwnLimit, withinTimeLimit } from '../../../src/jobs/limits/time-limit.ts';

const NEVER = new AbortController().signal;

describe('a time limit', () => {
  it('ends work that listens to its signal, and says what to do', async () => {
    let seen: AbortSignal | undefined;
    const work = (signal: AbortSignal) =>
      new Promise<void>((_, reject) => {
        seen = signal;
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    await expect(
      withinTimeLimit({ limitMs: 5, graceMs: 60_000 }, 'sales', NEVER, work),
    ).rejects.toMatchObject({
      code: 'TIMED_OUT',
      exitCode: 1,
      message: expect.stringContaining('Raise execution.timeout'),
    });
    expect(seen !== undefined && isOwnLimit(seen)).toBe(true);
  });

  it('waits no longer for work that hangs even then', async () => {
    const hangs = () => new Promise<void>(() => {});
    await expect(withinTimeLimit({ limitMs: 5, graceMs: 5 }, 'sales', NEVER, hangs)).rejects.toMatchObject({
      code: 'TIMED_OUT',
    });
  });

  it('leaves work alone that is done in time, and signals that come from elsewhere', async () => {
    expect(await withinTimeLimit({ limitMs: 60_000, graceMs: 1 }, 'sales', NEVER, async () => 1)).toBe(1);
    const asked = new AbortController();
    asked.abort(new Error('SIGTERM'));
    const limits = { limitMs: 60_000, graceMs: 1 };
    const work = async (signal: AbortSignal) => [signal.aborted, isOwnLimit(signal)];
    expect(await withinTimeLimit(limits, 'sales', asked.signal, work)).toEqual([true, false]);
  });
});
