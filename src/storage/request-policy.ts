import { setTimeout as sleep } from 'node:timers/promises';
import { untilAborted } from '../core/until-aborted.ts';
import type { Watch } from './backend.ts';
import { mayPass, type StorageFailure } from './storage-errors.ts';

/** How long a request may take, and how often it is made. */
export interface RequestPolicy {
  /** Without a sign of life: a long download or upload goes on as long as bytes come and go. */
  readonly deadlineMs: number;
  readonly attempts: number;
  /** Before the second attempt; doubled before each further one, and up to half as much more by chance. */
  readonly pauseMs: number;
}

export const REQUEST_POLICY: RequestPolicy = { deadlineMs: 20_000, attempts: 5, pauseMs: 200 };

/** The deadline of a request has passed. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
  constructor(ms: number) {
    super(`no answer within ${ms / 1000} s`);
  }
}

/** Runs one request under a deadline and the caller's signal, whether or not the request heeds its own. */
export async function withDeadline<T>(
  deadlineMs: number,
  signal: AbortSignal | undefined,
  request: (watch: Watch) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(new DeadlineError(deadlineMs)), deadlineMs);
  const either = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]);
  try {
    return await untilAborted(either, request({ signal: either, alive: () => timer.refresh() }));
  } catch (error) {
    // A request that heeds the signal may be quicker to say that it was aborted than why.
    throw over.signal.aborted ? over.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Makes a request as often as the policy allows while its failures may pass. Throws the signal's reason once it
 * aborts, and otherwise what `explain` makes of the last failure.
 */
export async function withRetries<T>(
  policy: RequestPolicy,
  signal: AbortSignal | undefined,
  request: (watch: Watch) => Promise<T>,
  handle: {
    readonly failure: (error: unknown) => StorageFailure;
    readonly explain: (failure: StorageFailure, error: unknown) => Error;
  },
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await withDeadline(policy.deadlineMs, signal, request);
    } catch (error) {
      signal?.throwIfAborted();
      const failure = handle.failure(error);
      if (!mayPass(failure) || attempt >= policy.attempts) throw handle.explain(failure, error);
      const pauseMs = policy.pauseMs * 2 ** (attempt - 1) * (1 + Math.random() / 2);
      await sleep(pauseMs, undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  }
}
