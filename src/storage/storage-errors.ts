import { type ErrorCode, ServeBatchError } from '../core/errors.ts';

/** What became of one request, in words that all storages share. */
export interface StorageFailure {
  readonly kind: FailureKind;
  /** What the storage or the network said, in one line without secrets. */
  readonly reason: string;
}

export type FailureKind =
  /** No object of that key. */
  | 'missing'
  /** The object has another version, or exists where it must not. */
  | 'condition'
  /** The request met another one of the same key: to be repeated at once. */
  | 'conflict'
  | 'bucket'
  | 'denied'
  | 'expired'
  /** No answer, or a fault of the server: may pass. */
  | 'unavailable'
  /** What nobody thought of: not repeated. */
  | 'refused';

/** What a request throws where its failure is known already. */
export class RequestFailure extends Error {
  readonly failure: StorageFailure;
  constructor(kind: FailureKind, reason: string) {
    super(reason);
    this.failure = { kind, reason };
  }
}

/** Whether the same request may succeed a little later. */
export function mayPass({ kind }: StorageFailure): boolean {
  return kind === 'unavailable' || kind === 'conflict';
}

const CODES: Readonly<Record<FailureKind, ErrorCode>> = {
  missing: 'STORAGE_REFUSED',
  condition: 'STORAGE_REFUSED',
  conflict: 'STORAGE_UNAVAILABLE',
  bucket: 'BUCKET_NOT_FOUND',
  denied: 'STORAGE_REFUSED',
  expired: 'CREDENTIALS_EXPIRED',
  unavailable: 'STORAGE_UNAVAILABLE',
  refused: 'STORAGE_REFUSED',
};

/** @param what `read s3://bucket/key`: what could not be done */
export function storageError(
  what: string,
  failure: StorageFailure,
  credentials: string,
  cause: unknown,
): ServeBatchError {
  const { kind, reason } = failure;
  return new ServeBatchError(CODES[kind], `Cannot ${what}: ${messageOf(kind, reason, credentials)}`, {
    cause,
  });
}

function messageOf(kind: FailureKind, reason: string, credentials: string): string {
  switch (kind) {
    case 'bucket':
      return `the bucket does not exist (${reason}). Check its name and the account; serve-batch does not make buckets.`;
    case 'denied':
      return `access is denied (${reason}). Check ${credentials}, and what they may do with this bucket.`;
    case 'expired':
      return `the credentials have expired (${reason}). Renew them (${credentials}) and run the same command again.`;
    case 'unavailable':
    case 'conflict':
      return `the storage does not answer as it should (${reason}). Check its endpoint and the network, then run the same command again.`;
    case 'missing':
    case 'condition':
    case 'refused':
      return `the storage refuses (${reason}).${REGION.test(reason) ? ' Set AWS_REGION; S3 needs it, also with an endpoint of your own.' : ''}`;
  }
}

/** As the client of S3 says it. */
const REGION = /^Region is missing/;

/** Codes of sockets, names and TLS: the request may not have reached the server, or its answer was lost. */
const NETWORK =
  /^(?:E(?:CONN(?:REFUSED|RESET|ABORTED)|PIPE|HOSTUNREACH|NETUNREACH|NETDOWN|AI_AGAIN|ADDRNOTAVAIL)|ETIMEDOUT|ESOCKETTIMEDOUT|ENOTFOUND|EPROTO|UND_ERR_\w+|ERR_STREAM_PREMATURE_CLOSE|REQUEST_SEND_ERROR)$/;

/** Whether an error, or what caused it, is one of the network. */
export function isNetworkError(error: unknown): boolean {
  for (let each = error, depth = 0; each instanceof Error && depth < 5; each = each.cause, depth++) {
    if ('code' in each && typeof each.code === 'string' && NETWORK.test(each.code)) return true;
    if (/^(?:TimeoutError|AbortError)$/.test(each.name)) return true;
    if (/socket hang up|premature close|aborted|network socket disconnected/i.test(each.message)) return true;
    if (each instanceof AggregateError && each.errors.some(isNetworkError)) return true;
  }
  return false;
}

/** Of answers by number, what their text does not say better. */
export function kindOfStatus(status: number | undefined): FailureKind {
  if (status === 401 || status === 403) return 'denied';
  if (status === 404) return 'missing';
  if (status === 304 || status === 412) return 'condition';
  if (status === 408 || status === 429 || (status !== undefined && status >= 500)) return 'unavailable';
  return 'refused';
}

/** One line of a message, no longer than a person reads. */
export function reasonOf(error: unknown): string {
  const parts = error instanceof AggregateError ? error.errors.map(reasonOf).join('; ') : '';
  const text = error instanceof Error ? error.message || parts || error.name : String(error);
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 200 ? `${line.slice(0, 200)}...` : line.replace(/\.$/, '');
}
