import { resolve } from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import type { LoadedSchedule } from '../../schedule/load-jobs.ts';
import type { ScheduleStatus } from '../../schedule/schedule-status.ts';
import type { CliContext } from '../context.ts';
import {
  addOptions,
  DEFAULT_GRACE_SECONDS,
  debugOption,
  graceOption,
  jsonOption,
  option,
  wholeNumber,
} from '../options.ts';
import { fitTable } from '../render/fit-table.ts';
import { formatTable, shortTime } from '../render/format.ts';

/** Columns that a narrow window does without, the first of them first. */
const EXPENDABLE = ['TIMEZONE', 'RUN', 'CRON', 'LAST'];
export const DEFAULT_CONCURRENCY = 2;
const DEFAULT_COUNT = 10;

interface ScheduleFlags {
  readonly concurrency?: number;
  readonly grace?: number;
  readonly aliveFile?: string;
  readonly debug?: boolean;
}

interface ListFlags {
  readonly json?: boolean;
}

interface NextFlags {
  readonly count?: number;
  readonly json?: boolean;
}

export const concurrencyOption = () =>
  wholeNumber('--concurrency <n>', `jobs that run at the same time (default: ${DEFAULT_CONCURRENCY})`);

export function addScheduleCommand(program: Command, context: CliContext): void {
  const schedule = program
    .command('schedule')
    .description('Keep running, and start each job when it is due.');
  addOptions(schedule, [
    concurrencyOption(),
    graceOption(),
    option(
      '--alive-file <file>',
      'a file to write whenever the scheduler checks its jobs, for probes: doctor --schedule reads it',
    ),
    debugOption(),
  ]);
  schedule.action((flags: ScheduleFlags) => serve(context, flags));
  const ls = schedule.command('ls').description('List the scheduled jobs: next and last occurrences.');
  addOptions(ls, [jsonOption('the jobs'), debugOption()]);
  ls.action((flags: ListFlags) => list(context, flags));
  const next = schedule
    .command('next')
    .description("Show a job's next occurrences.")
    .argument('<job>', 'the job');
  addOptions(next, [
    wholeNumber('-n, --count <n>', `how many (default: ${DEFAULT_COUNT})`),
    jsonOption('them'),
    debugOption(),
  ]);
  next.action((job: string, flags: NextFlags) => showNext(context, job, flags));
}

async function serve(context: CliContext, flags: ScheduleFlags): Promise<void> {
  const { loadSchedule, scheduleEffects, sleep } = await import('../schedule-context.ts');
  const { serveSchedule } = await import('../../schedule/serve.ts');
  const { signsOfLife } = await import('../watch/liveness.ts');
  context.allowGrace(flags.grace ?? DEFAULT_GRACE_SECONDS);
  const effects = await scheduleEffects(context, flags.debug === true);
  const file = flags.aliveFile === undefined ? null : resolve(context.cwd, flags.aliveFile);
  await serveSchedule({
    load: () => loadSchedule(context),
    effects,
    ...signsOfLife({ ...effects, env: context.env, mask: (text) => context.secrets.mask(text), file }),
    concurrency: flags.concurrency ?? DEFAULT_CONCURRENCY,
    sleep,
    onStart: async (loaded) => {
      assertScheduled(loaded);
      context.out(await renderStatuses(await statusesOf(loaded), context.width));
    },
  });
}

function assertScheduled({ jobs, problems }: LoadedSchedule): void {
  if (jobs.length > 0) return;
  const [problem] = problems;
  if (problem !== undefined) throw problem.error;
  throw nothingScheduled();
}

export function nothingScheduled(): ServeBatchError {
  return new ServeBatchError(
    'USAGE',
    'No job of jobs/ has a schedule that is on. Run this in the folder that holds jobs/, or write for example schedule: "0 0 * * 6" into jobs/NAME.yaml.',
  );
}

async function list(context: CliContext, flags: ListFlags): Promise<void> {
  const { loadSchedule } = await import('../schedule-context.ts');
  const loaded = await loadSchedule(context);
  const statuses = await statusesOf(loaded);
  for (const { job, error } of loaded.problems)
    context.err(context.secrets.mask(`warning: ${job} is left out: ${error.message}\n`));
  if (flags.json === true) context.out(`${JSON.stringify(statuses, null, 2)}\n`);
  else if (statuses.length === 0)
    context.out('No job has a schedule. Write for example schedule: "0 0 * * 6" into jobs/NAME.yaml.\n');
  else context.out(context.secrets.mask(await renderStatuses(statuses, context.width)));
}

async function statusesOf(loaded: LoadedSchedule): Promise<ScheduleStatus[]> {
  const { scheduleStatus } = await import('../../schedule/schedule-status.ts');
  const statuses: ScheduleStatus[] = [];
  for (const job of [...loaded.jobs, ...loaded.off]) statuses.push(await scheduleStatus(job, systemClock));
  return statuses.sort((a, b) => (a.job < b.job ? -1 : 1));
}

async function renderStatuses(
  statuses: readonly ScheduleStatus[],
  width: number | undefined,
): Promise<string> {
  const { describePause } = await import('../../schedule/pause.ts');
  const rows = statuses.map(({ job, cron, timezone, enabled, paused, next, last }) => [
    job,
    cron,
    timezone,
    !enabled ? 'off' : paused !== null ? 'paused' : shortTime(next),
    shortTime(last?.occurrence ?? null),
    last?.result ?? '',
    last?.runId ?? '',
  ]);
  const header = ['JOB', 'CRON', 'TIMEZONE', 'NEXT', 'LAST', 'RESULT', 'RUN'];
  const { text } = fitTable(header, rows, width, EXPENDABLE);
  const pauses = statuses.flatMap(({ job, paused }) =>
    paused === null ? [] : `${job} is ${describePause(paused)}\n`,
  );
  return `${text}${pauses.join('')}`;
}

async function showNext(context: CliContext, job: string, flags: NextFlags): Promise<void> {
  const { scheduledJob } = await import('../targets/scheduled-job.ts');
  const { nextOccurrences } = await import('../../schedule/cron/cron-times.ts');
  const { localText, toLocal } = await import('../../core/zoned-time.ts');
  const { schedule } = await scheduledJob(context, job);
  const { timezone } = schedule;
  const times = nextOccurrences(schedule, systemClock.now(), flags.count ?? DEFAULT_COUNT);
  if (flags.json === true) context.out(`${JSON.stringify(times, null, 2)}\n`);
  else {
    const local = (each: Date) => localText(toLocal(each, timezone)).slice(0, 16);
    const isUtc = timezone.toUpperCase() === 'UTC';
    const rows = times.map((each) => [shortTime(each.toISOString()), ...(isUtc ? [] : [local(each)])]);
    context.out(formatTable(isUtc ? ['UTC'] : ['UTC', timezone.toUpperCase()], rows));
  }
}
