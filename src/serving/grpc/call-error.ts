import { Metadata, status } from '@grpc/grpc-js';
import { publicError } from '../http/public-error.ts';

const CODES: Readonly<Record<number, status>> = {
  400: status.INVALID_ARGUMENT,
  401: status.UNAUTHENTICATED,
  404: status.NOT_FOUND,
  413: status.RESOURCE_EXHAUSTED,
  422: status.INVALID_ARGUMENT,
  429: status.RESOURCE_EXHAUSTED,
  503: status.UNAVAILABLE,
  504: status.DEADLINE_EXCEEDED,
};

/** How long a client that tries again by itself should wait; clients of gRPC know this name. */
const PUSHBACK = 'grpc-retry-pushback-ms';

/** What a client is told of an error: the same words as over HTTP, with the status of gRPC that fits. */
export function callError(error: unknown) {
  const { status: httpStatus, body, retryAfterSeconds } = publicError(error);
  const metadata = new Metadata();
  if (retryAfterSeconds !== null) metadata.set(PUSHBACK, String(retryAfterSeconds * 1000));
  return { code: CODES[httpStatus] ?? status.INTERNAL, details: body.error.message, metadata };
}
