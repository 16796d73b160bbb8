import { ZodError } from 'zod';
import { ServeBatchError } from '../../core/errors.ts';
import { OPEN_MS } from '../live/circuit-breaker.ts';
import { isStoreFailure, RETRY_AFTER_MS } from '../store-gate.ts';

/** What a client is told of an error: never a path, SQL, a stack or an address of a store. */
export interface PublicError {
  readonly status: number;
  readonly body: { readonly error: PublicErrorBody };
  /** When asking again makes sense; null: it does not say. */
  readonly retryAfterSeconds: number | null;
}

export interface PublicErrorBody {
  readonly code: string;
  readonly message: string;
  /** What of the request is meant. */
  readonly field?: string;
  /** Of a key that was not found: the columns whose value no prediction has. */
  readonly unknown?: readonly string[];
}

/** What is said of a request that did not get as far as a handler, by its status. */
const REFUSALS: Readonly<Record<number, readonly [code: string, message: string]>> = {
  400: [
    'BAD_REQUEST',
    'The request cannot be read: expected a valid URL and, with POST, a body of valid JSON.',
  ],
  401: ['UNAUTHORIZED', 'Give a valid token in the header "Authorization: Bearer TOKEN".'],
  403: [
    'HOST_NOT_ALLOWED',
    'This server answers to the names of its own machine, such as localhost. Start it with --allow-host NAME to have it answer to another one.',
  ],
  404: ['NOT_FOUND', 'There is nothing at this address. GET /openapi.json lists what there is.'],
  405: [
    'METHOD_NOT_ALLOWED',
    'This address does not take that method. GET /openapi.json lists what there is.',
  ],
  408: ['TIMEOUT', 'The request took too long to arrive.'],
  413: ['TOO_LARGE', 'The body is larger than this server takes. Ask for fewer keys at a time.'],
  414: ['TOO_LONG', 'The address is longer than this server takes.'],
  415: ['UNSUPPORTED_MEDIA_TYPE', 'Send the body as "Content-Type: application/json".'],
  431: ['HEADERS_TOO_LARGE', 'The headers are larger than this server takes.'],
};

const UNEXPECTED: PublicError = {
  status: 500,
  body: { error: { code: 'INTERNAL', message: 'The server met something that it did not expect.' } },
  retryAfterSeconds: null,
};

export function publicError(error: unknown): PublicError {
  if (error instanceof ZodError) return wrongBody(error);
  if (error instanceof ServeBatchError) return knownError(error);
  const status = statusOf(error);
  return status === null ? UNEXPECTED : refusal(status);
}

/** What is said with a status, where the status is all that is known. */
export function refusal(status: number): PublicError {
  const [code, message] = REFUSALS[status] ?? REFUSALS[400] ?? ['', ''];
  return plain(REFUSALS[status] === undefined ? 400 : status, { code, message });
}

function knownError(error: ServeBatchError): PublicError {
  const { code, message, fields } = error;
  if (isStoreFailure(error)) return storeAway(code);
  if (code === 'USAGE') {
    const field = fields.column ?? fields.field;
    return plain(422, { code, message, ...(typeof field === 'string' ? { field } : {}) });
  }
  if (code === 'INVALID_ROW')
    return plain(422, {
      code,
      message,
      ...(typeof fields.column === 'string' ? { field: fields.column } : {}),
    });
  if (code === 'LIVE_BUSY') return { ...plain(429, { code, message }), retryAfterSeconds: 1 };
  if (code === 'LIVE_UNAVAILABLE')
    return { ...plain(503, { code, message }), retryAfterSeconds: Math.ceil(OPEN_MS / 1000) };
  if (code !== 'NOT_FOUND') return UNEXPECTED;
  // It names the store, for operators.
  if ('url' in fields)
    return plain(404, { code: 'NOT_PUBLISHED', message: 'No run of this job is published yet.' });
  const unknown = Array.isArray(fields.unknown) ? { unknown: fields.unknown as readonly string[] } : {};
  return plain(404, { code, message, ...unknown });
}

function storeAway(code: string): PublicError {
  return {
    status: 503,
    body: { error: { code, message: 'The store of this job does not answer. Try again in a moment.' } },
    retryAfterSeconds: Math.ceil(RETRY_AFTER_MS / 1000),
  };
}

function wrongBody({ issues: [issue] }: ZodError): PublicError {
  const field = (issue?.path ?? []).reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : `${text}${text && '.'}${String(step)}`),
    '',
  );
  const message = `${field === '' ? 'The body' : field}: ${issue?.message ?? 'not as expected'}`;
  return plain(422, { code: 'USAGE', message, ...(field === '' ? {} : { field }) });
}

function plain(status: number, error: PublicErrorBody): PublicError {
  return { status, body: { error }, retryAfterSeconds: null };
}

/** The status that fastify gives its own errors: those of the client only. */
function statusOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return null;
  const { statusCode } = error;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : null;
}
