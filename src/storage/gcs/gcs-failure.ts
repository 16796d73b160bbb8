import {
  type FailureKind,
  isNetworkError,
  kindOfStatus,
  reasonOf,
  type StorageFailure,
} from '../storage-errors.ts';

export function gcsFailure(error: unknown): StorageFailure {
  const text = messageOf(error);
  return { kind: kindOf(error, text), reason: reasonOf(text) };
}

function kindOf(error: unknown, text: string): FailureKind {
  if (/bucket does not exist/i.test(text)) return 'bucket';
  if (/invalid_grant|token (?:has been )?expired|reauth/i.test(text)) return 'expired';
  if (/could not load the default credentials|unable to detect a project/i.test(text)) return 'denied';
  const status = statusOf(error);
  if (status === 409) return 'conflict';
  if (status === undefined && isNetworkError(error)) return 'unavailable';
  return kindOfStatus(status);
}

function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  const status = Number(error.code);
  return Number.isInteger(status) ? status : undefined;
}

/** A failed download has the whole answer, JSON, as its message. */
function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  try {
    const parsed = JSON.parse(text) as { readonly error?: { readonly message?: unknown } };
    return typeof parsed.error?.message === 'string' ? parsed.error.message : text;
  } catch {
    return text;
  }
}
