/** What SIGHUP does to a server: it looks at its files at once. */
export interface Hangups {
  /** Waits so long, or until the signal is aborted, or until SIGHUP. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
  /** From then on SIGHUP ends the process again. */
  stop(): void;
}

export function listenToHangups(
  sleep: (ms: number, signal: AbortSignal) => Promise<void>,
  source: Pick<NodeJS.Process, 'on' | 'off'> = process,
): Hangups {
  let wake = (): void => {};
  const listener = (): void => wake();
  source.on('SIGHUP', listener);
  return {
    async pause(ms, signal) {
      const early = new AbortController();
      wake = () => early.abort();
      signal.addEventListener('abort', wake, { once: true });
      try {
        if (!signal.aborted) await sleep(ms, early.signal);
      } finally {
        signal.removeEventListener('abort', wake);
      }
    },
    stop: () => void source.off('SIGHUP', listener),
  };
}
