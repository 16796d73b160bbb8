import { ServeBatchError } from '../core/errors.ts';

/**
 * Turns the first SIGINT or SIGTERM into an abort, whose reason is the error with the exit code; a
 * second one ends the process at once. Returns how to stop listening.
 */
export function abortOnSignals(abort: AbortController): () => void {
  const listeners = (['SIGINT', 'SIGTERM'] as const).map((signal) => {
    const listener = (): void => {
      const error = new ServeBatchError(
        signal,
        `Ended by ${signal}. Committed shards are kept: the same command continues.`,
      );
      if (abort.signal.aborted) process.exit(error.exitCode);
      abort.abort(error);
    };
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  return () => {
    for (const stop of listeners) stop();
  };
}
