import {
  type FailureKind,
  isNetworkError,
  kindOfStatus,
  reasonOf,
  type StorageFailure,
} from '../storage-errors.ts';

/** By the code that Azure gives an error. */
const KINDS: Readonly<Record<string, FailureKind>> = {
  ContainerNotFound: 'bucket',
  ContainerBeingDeleted: 'bucket',
  BlobNotFound: 'missing',
  ConditionNotMet: 'condition',
  BlobAlreadyExists: 'condition',
  AuthenticationFailed: 'denied',
  AuthorizationFailure: 'denied',
  AuthorizationPermissionMismatch: 'denied',
  InsufficientAccountPermissions: 'denied',
  ServerBusy: 'unavailable',
  OperationTimedOut: 'unavailable',
  InternalError: 'unavailable',
};

export function azureFailure(error: unknown): StorageFailure {
  const { code, statusCode } = factsOf(error);
  // @azure/identity: no way of its chain gives a token.
  const isLogin =
    error instanceof Error &&
    /CredentialUnavailable|AuthenticationRequired|AggregateAuthentication/.test(error.name);
  const known = code === undefined ? undefined : KINDS[code];
  const kind =
    known ?? (isLogin ? 'denied' : isNetworkError(error) ? 'unavailable' : kindOfStatus(statusCode));
  const isExpired =
    kind === 'denied' && error instanceof Error && /expired|se=|signed expiry/i.test(error.message);
  // The SDK's message goes on with the request's id and the time, each on a line of its own.
  const first = error instanceof Error ? error.message.split('\n', 1)[0] : '';
  const reason = first ? reasonOf(first) : reasonOf(error);
  return {
    kind: isExpired ? 'expired' : kind,
    reason: code === undefined || reason.includes(code) ? reason : `${code}: ${reason}`,
  };
}

function factsOf(error: unknown): { readonly code?: string; readonly statusCode?: number } {
  if (!(error instanceof Error)) return {};
  const { code, statusCode, details } = error as Error & {
    readonly code?: unknown;
    readonly statusCode?: unknown;
    readonly details?: { readonly errorCode?: unknown };
  };
  // An answer to HEAD has its code in a header only.
  const named = typeof code === 'string' ? code : details?.errorCode;
  return {
    ...(typeof named === 'string' ? { code: named } : {}),
    ...(typeof statusCode === 'number' ? { statusCode } : {}),
  };
}
