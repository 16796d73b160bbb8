import type { z } from 'zod';
import { suggestion } from '../../core/text/nearest.ts';
import { showStoreUrl } from '../../kv/store-kinds.ts';
import { type FieldPath, formatPath, valueAt } from './field-path.ts';

/** One thing that is wrong in a job file, and where. The message begins with the path of the field. */
export interface FieldProblem {
  readonly path: FieldPath;
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

/**
 * Makes sentences of zod's issues: the field, its value, what was expected, what to write. Two checks of
 * one field say the same: it is said once.
 */
export function explainIssues(issues: readonly Issue[], data: unknown): FieldProblem[] {
  const problems = issues.flatMap((issue) => explainIssue(issue, [], data));
  return problems.filter(
    ({ message }, index) => problems.findIndex((each) => each.message === message) === index,
  );
}

function explainIssue(issue: Issue, base: FieldPath, data: unknown): FieldProblem[] {
  const path = [...base, ...(issue.path as FieldPath)];
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => unknownField([...path, key], key, issue.message.split(' ')));
  if (issue.code === 'invalid_union') {
    const entered = issue.errors.find((branch) => branch.length > 0 && !branch.some(isMismatch));
    if (entered !== undefined) return entered.flatMap((inner) => explainIssue(inner, path, data));
  }
  return [
    { path, message: `${fieldName(path)} ${describeValue(valueAt(data, path))}; expected ${issue.message}` },
  ];
}

/** Whether a branch of a union was not even entered: the value is of another kind. */
function isMismatch(issue: Issue): boolean {
  return issue.path.length === 0 && ['invalid_type', 'invalid_value', 'invalid_union'].includes(issue.code);
}

/** `known` comes through the message that `section` gives (see field-kinds.ts). */
function unknownField(path: FieldPath, key: string, known: readonly string[]): FieldProblem {
  const parent = path.slice(0, -1);
  const place = parent.length === 0 ? 'of a job' : `of ${formatPath(parent)}`;
  return {
    path,
    message: `${formatPath(path)} is not a field.${suggestion(key, known)} The fields ${place} are ${known.join(', ')}.`,
  };
}

function fieldName(path: FieldPath): string {
  return path.length === 0 ? 'the job' : formatPath(path);
}

/** `is "many"`, `is missing`, `is a list`: short, and without the password of a URL. */
function describeValue(value: unknown): string {
  if (value === undefined) return 'is missing';
  if (value === null) return 'is empty';
  if (Array.isArray(value)) return value.length === 0 ? 'is an empty list' : 'is a list';
  if (typeof value === 'object') return 'is a map';
  if (typeof value !== 'string') return `is ${String(value)}`;
  const shown = /^[a-z][a-z0-9+.-]*:.*@/i.test(value) ? showStoreUrl(value) : value;
  return `is ${JSON.stringify(shown.length > 60 ? `${shown.slice(0, 57)}...` : shown)}`;
}
