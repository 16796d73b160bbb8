import type { Secrets } from '../core/text/secrets.ts';
import { explainIssues, type FieldProblem } from './file/explain-issues.ts';
import { type FieldPath, formatPath, valueAt, withValueAt } from './file/field-path.ts';
import { type Environment, fillEnvironment } from './file/fill-environment.ts';
import { type JobFile, jobFileSchema } from './job-schema.ts';

export type ParsedJob =
  | { readonly job: JobFile; readonly problems: readonly []; readonly secrets: Secrets }
  | { readonly job: null; readonly problems: readonly FieldProblem[]; readonly secrets: Secrets };

/** Makes a job file of plain data, or says everything that is wrong with it. Pure. */
export function parseJob(data: unknown, env: Environment): ParsedJob {
  const { data: filledData, filled, problems, secrets } = fillEnvironment(data, env);
  let candidate = filledData;
  let result = jobFileSchema.safeParse(candidate);
  if (!result.success && filled.length > 0) {
    candidate = readFilledScalars(candidate, explainIssues(result.error.issues, candidate), filled);
    result = jobFileSchema.safeParse(candidate);
  }
  if (result.success && problems.length === 0) return { job: result.data, problems: [], secrets };
  const wrong = result.success ? [] : explainIssues(result.error.issues, candidate);
  return { job: null, problems: [...problems, ...withoutTwice(wrong, problems)], secrets };
}

/** What a variable fills is text; where text is wrong, one that reads as a number or a boolean becomes it. */
function readFilledScalars(
  data: unknown,
  problems: readonly FieldProblem[],
  filled: readonly FieldPath[],
): unknown {
  const filledPaths = new Set(filled.map(formatPath));
  return problems
    .filter(({ path }) => filledPaths.has(formatPath(path)))
    .reduce((copy, { path }) => withValueAt(copy, path, readScalar(valueAt(copy, path))), data);
}

function readScalar(value: unknown): unknown {
  if (value === 'true' || value === 'false') return value === 'true';
  return typeof value === 'string' && /^-?[0-9]+$/.test(value) ? Number(value) : value;
}

/** A field whose variable is missing is not also complained about for its value. */
function withoutTwice(
  wrong: readonly FieldProblem[],
  said: readonly FieldProblem[],
): readonly FieldProblem[] {
  const paths = new Set(said.map(({ path }) => formatPath(path)));
  return wrong.filter(({ path }) => !paths.has(formatPath(path)));
}
