import type { JobSpec } from '../../config/job-spec.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { formatSeconds } from '../../core/text/amounts.ts';

/** How long a run that is told to give up may take for it, before it is left to itself. */
const GRACE_MS = 30_000;
/** Timers of Node hold no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export interface TimeLimits {
  readonly limitMs: number | null;
  readonly graceMs: number;
}

export function timeLimitsOf({ execution }: Pick<JobSpec, 'execution'>): TimeLimits {
  const { timeoutSeconds } = execution;
  return { limitMs: timeoutSeconds === null ? null : timeoutSeconds * 1000, graceMs: GRACE_MS };
}

/**
 * Does work under `execution.timeout`. When the time is over, the work's signal is aborted with `TIMED_OUT`;
 * work that hangs even then is waited for no longer, so that what started it can go on.
 */
export async function withinTimeLimit<T>(
  { limitMs, graceMs }: TimeLimits,
  job: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (limitMs === null) return work(signal);
  const timeout = new AbortController();
  const timers = new Timers();
  const error = timedOut(job, limitMs);
  const given = new Promise<never>((_, reject) => {
    timers.after(limitMs, () => timeout.abort(error));
    timers.after(limitMs + graceMs, () => reject(error));
  });
  try {
    return await Promise.race([work(AbortSignal.any([signal, timeout.signal])), given]);
  } finally {
    timers.clear();
  }
}

/** Whether an abort comes from a limit of the run itself: then the run has failed, and was not asked to end. */
export function isOwnLimit({ reason }: AbortSignal): boolean {
  return reason instanceof ServeBatchError && ['TIMED_OUT', 'STORE_UNAVAILABLE'].includes(reason.code);
}

function timedOut(job: string, limitMs: number): ServeBatchError {
  return new ServeBatchError(
    'TIMED_OUT',
    `The run of ${job} was ended after ${formatSeconds(limitMs / 1000)}, as execution.timeout says. Committed shards are kept: the same command continues. Raise execution.timeout if such runs take longer.`,
    { fields: { job, timeoutSeconds: limitMs / 1000 } },
  );
}

class Timers {
  readonly #running = new Set<NodeJS.Timeout>();

  after(ms: number, call: () => void): void {
    const step = Math.min(ms, LONGEST_TIMER_MS);
    const timer = setTimeout(() => {
      this.#running.delete(timer);
      if (step < ms) this.after(ms - step, call);
      else call();
    }, step);
    this.#running.add(timer);
  }

  clear(): void {
    for (const timer of this.#running) clearTimeout(timer);
    this.#running.clear();
  }
}
