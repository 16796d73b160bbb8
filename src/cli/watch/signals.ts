import { ServeBatchError } from '../../core/errors.ts';

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
 * ends the process at once.
 */
export function listenToSignals(): StopSignals {
  const abort = new AbortController();
  const drain = new AbortController();
  let graceMs = 0;
  let timer: NodeJS.Timeout | undefined;
  const listeners = (['SIGINT', 'SIGTERM'] as const).map((signal) => {
    const listener = (): void => {
      const error = new ServeBatchError(
        signal,
        `Ended by ${signal}. Committed shards are kept: the same command continues.`,
      );
      if (drain.signal.aborted) process.exit(error.exitCode);
      drain.abort(error);
      if (graceMs === 0) abort.abort(error);
      else timer = setTimeout(() => abort.abort(error), graceMs);
    };
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  return {
    signal: abort.signal,
    drain: drain.signal,
    allowGrace(seconds) {
      graceMs = seconds * 1000;
    },
    stopListening() {
      clearTimeout(timer);
      for (const stop of listeners) stop();
    },
  };
}
