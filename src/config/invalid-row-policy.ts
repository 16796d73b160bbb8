import { type ErrorCode, ServeBatchError } from '../core/errors.ts';
import type { InvalidRowPolicy } from '../core/plan.ts';

export const REJECT_LIMIT_PATTERN = /^(?:[0-9]+|[0-9]+(?:\.[0-9]+)?%)$/;
export const REJECT_LIMIT_EXPECTED =
  'a whole number of rows, at least 0, or a share from 0% to 100%. Write for example 1000 or 1%.';

/** The limits that `1000` (rows) or `1%` (of all rows) say; undefined for anything else. */
export function rejectLimit(
  value: string | number,
): Pick<InvalidRowPolicy, 'maxRows' | 'maxShare'> | undefined {
  const text = String(value);
  if (!REJECT_LIMIT_PATTERN.test(text)) return undefined;
  const number = Number.parseFloat(text);
  if (!text.endsWith('%'))
    return Number.isSafeInteger(number) ? { maxRows: number, maxShare: null } : undefined;
  return number <= 100 ? { maxRows: null, maxShare: number / 100 } : undefined;
}

/**
 * The policy of an action and an optional limit. Throws `code`, naming `where` (a field or a flag), for a
 * limit that is neither rows nor a share.
 */
export function invalidRowPolicy(
  action: InvalidRowPolicy['action'],
  max: string | number | undefined,
  where: string,
  code: ErrorCode = 'JOB_FILE',
): InvalidRowPolicy {
  if (max === undefined) return { action, maxRows: null, maxShare: null };
  const limit = rejectLimit(max);
  if (limit !== undefined) return { action, ...limit };
  throw new ServeBatchError(code, `${where} is ${JSON.stringify(max)}; expected ${REJECT_LIMIT_EXPECTED}`);
}
