import {
  type FailureKind,
  isNetworkError,
  kindOfStatus,
  reasonOf,
  type StorageFailure,
} from '../storage-errors.ts';

/** By the name that S3 gives an error. */
const KINDS: Readonly<Record<string, FailureKind>> = {
  NoSuchBucket: 'bucket',
  NoSuchKey: 'missing',
  NotFound: 'missing',
  PreconditionFailed: 'condition',
  ConditionalRequestConflict: 'conflict',
  OperationAborted: 'conflict',
  ExpiredToken: 'expired',
  ExpiredTokenException: 'expired',
  RequestExpired: 'expired',
  TokenRefreshRequired: 'expired',
  AccessDenied: 'denied',
  InvalidAccessKeyId: 'denied',
  SignatureDoesNotMatch: 'denied',
  InvalidToken: 'denied',
  CredentialsProviderError: 'denied',
  TokenProviderError: 'denied',
  SlowDown: 'unavailable',
  RequestTimeout: 'unavailable',
  InternalError: 'unavailable',
  ServiceUnavailable: 'unavailable',
};

export function s3Failure(error: unknown): StorageFailure {
  const name = error instanceof Error ? error.name : '';
  const status = statusOf(error);
  const known = KINDS[name];
  const isExpired = known === 'denied' && error instanceof Error && /expired/i.test(error.message);
  const kind = isExpired
    ? 'expired'
    : (known ?? (isNetworkError(error) ? 'unavailable' : kindOfStatus(status)));
  return { kind, reason: reasonWithName(error, name, status) };
}

function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined;
  const { httpStatusCode } = error.$metadata as { readonly httpStatusCode?: number };
  return httpStatusCode;
}

/** An answer to HEAD has no text: the number is all there is. */
function reasonWithName(error: unknown, name: string, status: number | undefined): string {
  const reason = reasonOf(error);
  const isBare = reason === name || /^Unknown(?:Error)?$/.test(reason);
  if (status !== undefined && isBare) return name in KINDS ? `${name}, HTTP ${status}` : `HTTP ${status}`;
  return name === 'Error' || name === '' || reason === name ? reason : `${name}: ${reason}`;
}
