import { z } from 'zod';
import { ERROR_KINDS, type ErrorCode, type SerializedError, toServeBatchError } from '../../core/errors.ts';

/** An error as it stands in a record: without its stack. */
export type RecordedError = Omit<SerializedError, 'stack'>;

const code: z.ZodType<ErrorCode> = z
  .custom<ErrorCode>((value) => typeof value === 'string' && Object.hasOwn(ERROR_KINDS, value))
  // A record of a newer version may hold a code that this one does not know: its message still tells.
  .catch('INTERNAL');

export const recordedErrorSchema: z.ZodType<RecordedError> = z.object({
  code,
  message: z.string(),
  fields: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
  retryable: z.boolean(),
  exitCode: z.int(),
});

/** Anything that was thrown, as it is written down. */
export function recorded(error: unknown): RecordedError {
  const { code, message, fields, retryable, exitCode } = toServeBatchError(error);
  return { code, message, fields, retryable, exitCode };
}
