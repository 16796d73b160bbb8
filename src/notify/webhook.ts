import { setTimeout as sleep } from 'node:timers/promises';

export interface WebRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** A user name and password in it are sent as HTTP has it. */
  readonly url: string;
  readonly body?: string;
  /** Of the body. Default: JSON. */
  readonly contentType?: string;
  /** Sent as bearer token. */
  readonly token?: string;
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

async function sendOnce(request: WebRequest): Promise<void> {
  const { method, url, body, timeoutMs } = request;
  const over = new AbortController();
  try {
    const response = await fetch(withoutUser(url), {
      method,
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), over.signal]),
      headers: headersOf(request),
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

function headersOf({ url, body, contentType = 'application/json', token }: WebRequest) {
  const { username, password } = new URL(url);
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    'user-agent': 'serve-batch',
    ...(body === undefined ? {} : { 'content-type': contentType }),
    ...(user === ':' ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
}

/** `fetch` takes no address with one. */
function withoutUser(address: string): string {
  const url = new URL(address);
  url.username = '';
  url.password = '';
  return url.href;
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
