import { relative } from 'node:path';
import type { Command } from 'commander';
import { type JobEntry, loadProject } from '../../../config/file/load-project.ts';
import { hideUrls } from '../../../config/hide-urls.ts';
import type { JobSpec } from '../../../config/job-spec.ts';
import { loadJob } from '../../../config/load-job.ts';
import { firstLine, type ServeBatchError, toServeBatchError } from '../../../core/errors.ts';
import { folderOfJob, storeUrlOf } from '../../../jobs/plan/locations.ts';
import type { RunSummary } from '../../../runs/list/run-summary.ts';
import type { CliContext } from '../../context.ts';
import { addOptions, debugOption, jsonOption } from '../../options.ts';
import { fitTable } from '../../render/fit-table.ts';
import { shortTime } from '../../render/format.ts';

/** Columns that a narrow window does without, the first of them first. */
const EXPENDABLE = ['STORE', 'FILE', 'SCHEDULE'];

/** `by hand`: the job has no schedule. `broken`: its file cannot be used. */
export type JobState = 'on' | 'off' | 'paused' | 'by hand' | 'broken';

/** A job as `jobs ls` shows it. */
export interface ListedJob {
  readonly job: string;
  /** Relative to the project. */
  readonly file: string;
  readonly isDefault: boolean;
  readonly cron: string | null;
  readonly timezone: string | null;
  readonly state: JobState;
  readonly lastRun: Pick<RunSummary, 'runId' | 'status' | 'occurrence' | 'createdAt'> | null;
  /** Without user name and password; null: none. */
  readonly store: string | null;
  /** Why the file cannot be used. */
  readonly problem: string | null;
}

interface ListFlags {
  readonly json?: boolean;
}

export function addListJobsCommand(jobs: Command, context: CliContext): void {
  const ls = jobs
    .command('ls')
    .description('List the jobs of jobs/: file, schedule, state, newest run and store.');
  addOptions(ls, [jsonOption('the jobs'), debugOption()]);
  ls.action((flags: ListFlags) => listCommand(context, flags));
}

async function listCommand(context: CliContext, flags: ListFlags): Promise<void> {
  const listed = await listJobs(context);
  if (flags.json === true) context.out(`${JSON.stringify(listed, null, 2)}\n`);
  else if (listed.length === 0)
    context.out('No job: jobs/ is empty or not there. Write jobs/NAME.yaml, or give "run" a --model.\n');
  else showJobs(context, listed);
}

/** All jobs of the project. One with a mistake is listed with its problem. */
export async function listJobs(context: CliContext): Promise<readonly ListedJob[]> {
  const { cwd, env } = context;
  const { jobs } = await loadProject(cwd, env);
  const listed: ListedJob[] = [];
  for (const entry of jobs) listed.push(await listJob(context, entry));
  return listed;
}

async function listJob(context: CliContext, entry: JobEntry): Promise<ListedJob> {
  const { cwd, env, secrets } = context;
  const file = relative(cwd, entry.file);
  try {
    const { spec, secrets: own } = await loadJob(entry.file, { projectFolder: cwd, env });
    secrets.addAll(own);
    hideUrls(spec, secrets);
    return await describeJob(spec, file);
  } catch (error) {
    return brokenJob(entry, file, toServeBatchError(error), (text) => secrets.mask(text));
  }
}

async function describeJob(spec: JobSpec, file: string): Promise<ListedJob> {
  const { listRuns } = await import('../../../runs/list/run-list.ts');
  const { readPause } = await import('../../../schedule/pause.ts');
  const { showStoreUrl } = await import('../../../kv/store-kinds.ts');
  const { systemClock } = await import('../../../core/effects.ts');
  const { name, isDefault, schedule } = spec;
  const folder = folderOfJob(spec);
  const [newest] = await listRuns(folder, systemClock, { limit: 1 });
  const isPaused = (await readPause(folder)) !== undefined;
  const url = storeUrlOf(spec);
  return {
    job: name,
    file,
    isDefault,
    cron: schedule?.cron ?? null,
    timezone: schedule?.timezone ?? null,
    state: schedule === null ? 'by hand' : !schedule.enabled ? 'off' : isPaused ? 'paused' : 'on',
    lastRun: newest === undefined ? null : pickRun(newest),
    store: url === null ? null : showStoreUrl(url),
    problem: null,
  };
}

function pickRun({ runId, status, occurrence, createdAt }: RunSummary): ListedJob['lastRun'] {
  return { runId, status, occurrence, createdAt };
}

function brokenJob(
  { name, isDefault }: JobEntry,
  file: string,
  { message }: ServeBatchError,
  mask: (text: string) => string,
): ListedJob {
  const unknown = { cron: null, timezone: null, lastRun: null, store: null };
  return { job: name, file, isDefault, ...unknown, state: 'broken', problem: mask(message) };
}

function showJobs(context: CliContext, jobs: readonly ListedJob[]): void {
  const rows = jobs.map(({ job, file, isDefault, cron, timezone, state, lastRun, store }) => [
    isDefault ? `${job} (default)` : job,
    file,
    cron === null ? '' : timezone === 'UTC' ? cron : `${cron} ${timezone}`,
    state,
    lastRun === null ? '' : `${shortTime(lastRun.createdAt)} ${lastRun.status}`,
    store ?? '',
  ]);
  const header = ['JOB', 'FILE', 'SCHEDULE', 'STATE', 'LAST RUN', 'STORE'];
  context.out(fitTable(header, rows, context.width, EXPENDABLE).text);
  for (const { job, problem } of jobs)
    if (problem !== null) context.err(`warning: ${job} cannot be used: ${firstLine(problem)}\n`);
}
