import { basename, relative } from 'node:path';
import { type JobEntry, loadProject } from '../../config/file/load-project.ts';
import type { JobSpec } from '../../config/job-spec.ts';
import { loadJob } from '../../config/load-job.ts';
import { systemClock } from '../../core/effects.ts';
import { type EnginePlan, engineText } from '../../core/engine.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { assertModelThere } from '../../inference/local-model.ts';
import { folderOfJob } from '../../jobs/plan/locations.ts';
import { listRuns } from '../../runs/list/run-list.ts';
import { nextOccurrence } from '../../schedule/cron/cron-times.ts';
import type { CliContext } from '../context.ts';
import { type Check, failure, finding } from './check.ts';

export interface CheckedJobs {
  readonly checks: readonly Check[];
  /** Those without a mistake. */
  readonly jobs: readonly JobSpec[];
}

/** Loads every job of the project; their secrets go to those of the context. */
export async function checkJobs(context: CliContext): Promise<CheckedJobs> {
  const found = await entriesOf(context);
  if (found instanceof ServeBatchError) return { checks: [failure('jobs/', found)], jobs: [] };
  if (found.length === 0)
    return { checks: [finding('info', 'jobs/', 'no job files: flags make a job')], jobs: [] };
  const results = await Promise.all(found.map((entry) => checkJob(context, entry)));
  return {
    checks: results.map(({ check }) => check),
    jobs: results.flatMap(({ spec }) => (spec === null ? [] : [spec])),
  };
}

async function entriesOf({ cwd, env }: CliContext): Promise<readonly JobEntry[] | ServeBatchError> {
  try {
    return (await loadProject(cwd, env)).jobs;
  } catch (error) {
    if (error instanceof ServeBatchError) return error;
    throw error;
  }
}

async function checkJob(
  context: CliContext,
  entry: JobEntry,
): Promise<{ readonly check: Check; readonly spec: JobSpec | null }> {
  const { cwd, env, secrets } = context;
  const name = relative(cwd, entry.file);
  try {
    const { spec, secrets: own } = await loadJob(entry.file, { projectFolder: cwd, env });
    secrets.addAll(own);
    return { check: await checkSpec(name, spec), spec };
  } catch (error) {
    const { text, ...check } = failure(name, error);
    return { check: { ...check, text: oneLine(text) }, spec: null };
  }
}

/** A job that loads can still lack its model. Its tables may come later, and are not looked for. */
async function checkSpec(name: string, spec: JobSpec): Promise<Check> {
  const facts = { job: spec.name, default: spec.isDefault };
  try {
    await assertModelThere(spec.model.path);
  } catch (error) {
    if (error instanceof ServeBatchError) return failure(name, error, facts);
    const message = `The model ${spec.model.path} of job "${spec.name}" is not there or cannot be read. Check model.`;
    return failure(name, new ServeBatchError('MODEL_NOT_FOUND', message, { cause: error }), facts);
  }
  const isDefault = spec.isDefault ? ', the default job' : '';
  const next = spec.schedule?.enabled === true ? nextOccurrence(spec.schedule, new Date()) : null;
  const when = next === null ? '' : `, next at ${next.toISOString()}`;
  const engine = await engineOfNewest(spec);
  const by = engine === null ? '' : `, computed by ${engineText(engine)}`;
  const text = `"${spec.name}"${isDefault}, with ${basename(spec.model.path)}${by}${when}`;
  return finding('ok', name, text, { ...facts, engine: engine?.name ?? null });
}

/** What computed the newest run of the job; null: there is none, or its folder cannot be read, as is said elsewhere. */
async function engineOfNewest(spec: JobSpec): Promise<EnginePlan | null> {
  const [newest] = await listRuns(folderOfJob(spec), systemClock, { limit: 1 }).catch(() => []);
  return newest?.plan?.engine ?? newest?.record?.engine ?? null;
}

/** The first of several problems, which have a line each. */
function oneLine(text: string): string {
  const [first = '', ...others] = text.split('\n');
  return others.length === 0 ? first : `${first} (and ${others.length} more; --dry-run shows them)`;
}
