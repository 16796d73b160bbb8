import { z } from 'zod';
import { type ErrorCode, ServeBatchError } from '../../core/errors.ts';
import type { InvalidRowPolicy } from '../../core/plan.ts';
import { choice, pattern, section, wholeNumber } from '../fields/field-kinds.ts';

const REJECT_LIMIT_PATTERN = /^(?:[0-9]+|[0-9]+(?:\.[0-9]+)?%)$/;
const REJECT_LIMIT_EXPECTED =
  'a whole number of rows, at least 0, or a share from 0% to 100%. Write for example 1000 or 1%.';

/** The limits that `1000` (rows) or `1%` (of all rows) say; undefined for anything else. */
function rejectLimit(value: string | number): Pick<InvalidRowPolicy, 'maxRows' | 'maxShare'> | undefined {
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
function invalidRowPolicy(
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

const ON_INVALID = 'fail, reject, or a map such as {action: reject, max: 1%}.';

/** The field `onInvalid` of a job file. */
export const onInvalid = z
  .union(
    [
      choice(['fail', 'reject']),
      section({
        action: choice(['fail', 'reject']).describe(
          'fail ends the run; reject writes the row to rejects/ with the reason.',
        ),
        max: z
          .union(
            [
              wholeNumber(0, REJECT_LIMIT_EXPECTED),
              pattern(REJECT_LIMIT_PATTERN, REJECT_LIMIT_EXPECTED).refine(
                (value) => rejectLimit(value) !== undefined,
                {
                  error: REJECT_LIMIT_EXPECTED,
                },
              ),
            ],
            { error: REJECT_LIMIT_EXPECTED },
          )
          .exactOptional()
          .describe(
            'How many rejects a run may have: rows, or a share such as 1%; 100%: no limit. Default: 10%, but always at least 10 rows; for a grid, no limit.',
          ),
      }).refine(({ action, max }) => action === 'reject' || max === undefined, {
        path: ['max'],
        error: 'no limit where action is fail. Write action: reject, or remove max.',
      }),
    ],
    { error: ON_INVALID },
  )
  .describe('What happens to a row that cannot be scored. Default: fail.');

/** The long form. */
export function normaliseOnInvalid(written: z.output<typeof onInvalid>): InvalidRowPolicy {
  const { action, max } = typeof written === 'string' ? { action: written, max: undefined } : written;
  return invalidRowPolicy(action, max, 'onInvalid.max');
}

/** The policy of the flag `--on-invalid`. Throws `USAGE`. */
export function parseOnInvalid(text: string): InvalidRowPolicy {
  const [, action, max] = /^(fail|reject)(?::(.*))?$/s.exec(text) ?? [];
  if ((action === 'fail' && max === undefined) || action === 'reject')
    return invalidRowPolicy(action, max, '--on-invalid reject:MAX', 'USAGE');
  throw new ServeBatchError(
    'USAGE',
    `--on-invalid is "${text}"; expected fail, reject, reject:ROWS or reject:SHARE%. Write for example reject:1%.`,
  );
}
