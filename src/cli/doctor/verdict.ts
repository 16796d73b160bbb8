import { ERROR_KINDS, type ErrorCode, EXIT, ServeBatchError } from '../../core/errors.ts';
import type { Check, CheckGroup } from './check.ts';

/** What comes first in the way of a run: the job, its model, its store, the machine. */
const IMPORTANCE: readonly number[] = [EXIT.usage, EXIT.inputOrModel, EXIT.storeUnavailable, EXIT.unexpected];

/** The error that the most important failure is; null where everything works that is needed. */
export function verdictOf(groups: readonly CheckGroup[]): ServeBatchError | null {
  const failed = groups.flatMap(({ checks }) => checks.filter(({ mark }) => mark === 'fail'));
  const [first] = failed
    .map((check) => ({ check, code: check.code ?? ('INTERNAL' as const) }))
    .sort((a, b) => rank(a.code) - rank(b.code));
  if (first === undefined) return null;
  const others = failed.length === 1 ? '' : ` (and ${failed.length - 1} more)`;
  return new ServeBatchError(first.code, `doctor: ${describe(first.check)}${others}`);
}

function rank(code: ErrorCode): number {
  const place = IMPORTANCE.indexOf(ERROR_KINDS[code].exitCode);
  return place === -1 ? IMPORTANCE.length : place;
}

function describe({ name, text }: Check): string {
  return text.startsWith(name) ? text : `${name}: ${text}`;
}
