import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { listenToSignals, type StopSignals } from '../../../src/cli/watch/signals.ts';
import type { ServeBatchError } from '../../../src/core/errors.ts';

const SECOND = 1000;

describe('the first SIGTERM', () => {
  let signals: StopSignals;
  let givenUp: ServeBatchError | null = null;

  beforeEach(() => {
    vi.useFakeTimers();
    givenUp = null;
    signals = listenToSignals((error) => {
      givenUp = error;
    });
  });
  afterEach(() => {
    signals.stopListening();
    vi.useRealTimers();
  });
  const terminate = (): void => void process.emit('SIGTERM');

  it('aborts at once, and ends a command that waits all the same two seconds later', () => {
    terminate();
    expect(signals.signal.reason).toMatchObject({ code: 'SIGTERM', message: 'Ended by SIGTERM.' });
    vi.advanceTimersByTime(2 * SECOND - 1);
    expect(givenUp).toBeNull();
    vi.advanceTimersByTime(1);
    expect(givenUp).toMatchObject({ exitCode: 143, message: expect.stringContaining('did not answer') });
  });

  it('lets a command with a grace finish, aborts after it, and ends it eight seconds later', () => {
    signals.allowGrace(30);
    terminate();
    expect(signals.drain.reason).toMatchObject({
      message: expect.stringContaining('same command continues'),
    });
    vi.advanceTimersByTime(30 * SECOND - 1);
    expect(signals.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(signals.signal.aborted).toBe(true);
    vi.advanceTimersByTime(8 * SECOND - 1);
    expect(givenUp).toBeNull();
    vi.advanceTimersByTime(1);
    expect(givenUp).toMatchObject({ exitCode: 143 });
  });

  it('does nothing more to a command that has ended', () => {
    terminate();
    signals.stopListening();
    vi.advanceTimersByTime(60 * SECOND);
    expect(givenUp).toBeNull();
  });
});
