import { ServeBatchError } from '../../core/errors.ts';

/**
 * What a command that was told to end may take to put its things away: to release its lock, and to end its children,
 * which have five seconds. One that has asked for no grace has little to put away, or can be cut short at any instant.
 */
const RELEASE_MS = 8000;
const RELEASE_WITHOUT_GRACE_MS = 2000;

const STUCK = ' What it was waiting for did not answer.';
const KEPT = ' Committed shards are kept: the same command continues.';

/** What the first signal does to a command, and what a second one does not wait for. */
export interface StopSignals {
  /** Aborted where everything has to end at once: with the first signal, or when the grace is over. */
  readonly signal: AbortSignal;
  /** Aborted with the first signal: nothing new begins. */
  readonly drain: AbortSignal;
  /** For commands that can end in order: so long `signal` waits for them after `drain`. */
  allowGrace(seconds: number): void;
  stopListening(): void;
}

/**
 * Turns the first SIGINT or SIGTERM into aborts, whose reason is the error with the exit code; a second one
 * ends the process at once. So does `giveUp` where the command does not end in time after the abort: it waits for
 * another side that does not answer, in a place that no abort reaches.
 */
export function listenToSignals(giveUp: (error: ServeBatchError) => void): StopSignals {
  const abort = new AbortController();
  const drain = new AbortController();
  let graceMs = 0;
  let hasGrace = false;
  let timer: NodeJS.Timeout | undefined;
  const end = (error: ServeBatchError): void => {
    const stuck = new ServeBatchError(error.code, `${error.message}${STUCK}`);
    timer = setTimeout(() => giveUp(stuck), hasGrace ? RELEASE_MS : RELEASE_WITHOUT_GRACE_MS);
    abort.abort(error);
  };
  const listeners = (['SIGINT', 'SIGTERM'] as const).map((signal) => {
    const listener = (): void => {
      const error = new ServeBatchError(signal, `Ended by ${signal}.${hasGrace ? KEPT : ''}`);
      if (drain.signal.aborted) process.exit(error.exitCode);
      drain.abort(error);
      if (graceMs === 0) end(error);
      else timer = setTimeout(() => end(error), graceMs);
    };
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  return {
    signal: abort.signal,
    drain: drain.signal,
    allowGrace(seconds) {
      graceMs = seconds * 1000;
      hasGrace = true;
    },
    stopListening() {
      clearTimeout(timer);
      for (const stop of listeners) stop();
    },
  };
}
