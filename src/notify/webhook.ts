import { setTimeout as sleep } from 'node:timers/promises';

export interface WebRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** JSON. */
  readonly body?: string;
  readonly timeoutMs: number;
  /** Pauses before the second and later tries, in milliseconds: one try more than there are pauses. */
  readonly pausesMs: readonly number[];
}

export const WEB_TIMEOUT_MS = 10_000;
export const WEB_PAUSES_MS: readonly number[] = [1000, 3000];

/** Sends a request until it is answered with 2xx. Throws why the last try failed; the URL is not in it. */
export async function sendRequest(request: WebRequest): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await sendOnce(request);
      return;
    } catch (error) {
      const pauseMs = request.pausesMs[attempt];
      if (pauseMs === undefined) throw error;
      await sleep(pauseMs);
    }
  }
}

async function sendOnce({ method, url, body, timeoutMs }: WebRequest): Promise<void> {
  const over = new AbortController();
  try {
    const response = await fetch(url, {
      method,
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), over.signal]),
      headers: {
        'user-agent': 'serve-batch',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
    }).catch((error: unknown) => {
      throw new Error(reasonOf(error, timeoutMs));
    });
    if (!response.ok) throw new Error(`it answered ${response.status} ${response.statusText}`.trim());
  } finally {
    // What it says beyond the status may have no end: nobody reads it, and its connection is closed.
    over.abort();
  }
}

/** `fetch` hides why it failed in the cause. */
function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`;
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** The host alone: the path of a webhook is mostly a secret. */
export function shownUrl(url: string): string {
  return `${new URL(url).origin}/***`;
}
