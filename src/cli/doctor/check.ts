import { type ErrorCode, toServeBatchError } from '../../core/errors.ts';

/** `info` is neither good nor bad; `warn` may go wrong later; `fail` means that a run cannot work. */
export type Mark = 'ok' | 'info' | 'warn' | 'fail';

/** What was looked at, and what was found. */
export interface Check {
  readonly name: string;
  readonly mark: Mark;
  /** For people; of a failure, also what to do. */
  readonly text: string;
  /** Of a failure: what a run would end with. */
  readonly code: ErrorCode | null;
  /** The same for programs, with units in the names. */
  readonly facts: Facts;
}

export type Facts = Readonly<Record<string, string | number | boolean | null>>;

export interface CheckGroup {
  readonly name: string;
  readonly checks: readonly Check[];
}

export function finding(mark: Exclude<Mark, 'fail'>, name: string, text: string, facts: Facts = {}): Check {
  return { name, mark, text, code: null, facts };
}

/** A failure, from what was thrown. */
export function failure(name: string, error: unknown, facts: Facts = {}): Check {
  const { code, message } = toServeBatchError(error);
  return { name, mark: 'fail', text: message, code, facts };
}
