import { setMaxListeners } from 'node:events';

/**
 * Does the work for all items at once. Where one fails, or the drain aborts, the others are stopped by the
 * signal; the first error is thrown once all have ended, so that nothing goes on behind the caller's back.
 */
export async function allOrFirstError<T>(
  items: readonly T[],
  work: (item: T, signal: AbortSignal) => Promise<unknown>,
  drain?: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const signal = drain === undefined ? stop.signal : AbortSignal.any([stop.signal, drain]);
  // Each item listens to it.
  setMaxListeners(0, signal);
  await Promise.allSettled(
    items.map((item) =>
      work(item, signal).catch((error: unknown) => {
        stop.abort(error);
      }),
    ),
  );
  stop.signal.throwIfAborted();
}
