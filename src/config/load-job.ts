import { basename, dirname, extname, resolve } from 'node:path';
import { ServeBatchError } from '../core/errors.ts';
import type { Secrets } from '../core/text/secrets.ts';
import type { FieldProblem } from './file/explain-issues.ts';
import type { Environment } from './file/fill-environment.ts';
import { loadProject } from './file/load-project.ts';
import { type JobDocument, readJobFile } from './file/read-job-file.ts';
import { JOB_NAME_EXPECTED, JOB_NAME_PATTERN } from './job-name.ts';
import type { JobSpec } from './job-spec.ts';
import { normaliseJob } from './normalise-job.ts';
import { parseJob } from './parse-job.ts';

export interface LoadOptions {
  /** The parent of `jobs/`. */
  readonly projectFolder: string;
  readonly env: Environment;
}

export interface LoadedJob {
  readonly spec: JobSpec;
  /** Absolute path of the job file. */
  readonly file: string;
  /** What the job file brought that must never be shown. */
  readonly secrets: Secrets;
}

/**
 * Loads a job by its name in `jobs/`, or by a path that ends in `.yaml` or `.yml`.
 *
 * Paths in the file are relative to its project: the parent of `jobs/`, or the folder of a file
 * elsewhere. Throws `JOB_FILE` with all faults of the file, each with its line and column.
 */
export async function loadJob(job: string, options: LoadOptions): Promise<LoadedJob> {
  const file = /\.ya?ml$/i.test(job)
    ? resolve(options.projectFolder, job)
    : (await loadProject(options.projectFolder, options.env)).find(job).file;
  const document = await readJobFile(file, options.projectFolder);
  const parsed = parseJob(document.data, options.env);
  const stem = basename(file, extname(file));
  const problems = [
    ...parsed.problems,
    ...(parsed.job?.name === undefined ? checkStem(document.data, stem) : []),
  ];
  if (parsed.job === null || problems.length > 0) throw wrongFields(document, problems, parsed.secrets);
  return { spec: normaliseJob(parsed.job, stem, projectOf(file)), file, secrets: parsed.secrets };
}

function projectOf(file: string): string {
  const folder = dirname(file);
  return basename(folder) === 'jobs' ? dirname(folder) : folder;
}

/** The name of a file that says no name becomes the name of the job: it has to be one. */
function checkStem(data: unknown, stem: string): FieldProblem[] {
  const named = typeof data === 'object' && data !== null && 'name' in data;
  if (named || JOB_NAME_PATTERN.test(stem)) return [];
  return [
    {
      path: ['name'],
      message: `name is missing, and the file's name, "${stem}", cannot be the name of a job; expected ${JOB_NAME_EXPECTED}`,
    },
  ];
}

function wrongFields(
  document: JobDocument,
  problems: readonly FieldProblem[],
  secrets: Secrets,
): ServeBatchError {
  const located = problems
    .map(({ path, message }) => ({ ...document.locate(path), message }))
    .sort((a, b) => a.line - b.line || a.column - b.column);
  const lines = located.map(({ line, column, message }) =>
    secrets.mask(`${document.shownAs}:${line}:${column}  ${message}`),
  );
  return new ServeBatchError('JOB_FILE', lines.join('\n'), {
    fields: { file: document.shownAs, line: located[0]?.line ?? 1, problems: lines },
  });
}
