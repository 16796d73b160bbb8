import type { Clock } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import type { ConditionState } from '../../core/readiness.ts';
import { suggestion } from '../../core/text/nearest.ts';
import { readHolder } from '../../runs/lock/lock.ts';
import { occurrenceStatus } from '../../runs/occurrence/list-occurrences.ts';
import { readRecord } from '../../runs/occurrence/occurrence-record.ts';
import { type RunOfOccurrence, runsByOccurrence } from '../../runs/occurrence/runs-by-occurrence.ts';
import { type CronSchedule, nextOccurrences, occurrencesBetween } from '../cron/cron-times.ts';
import { describePause, readPause } from '../pause.ts';

/** A job that another one waits for: `schedule.after`. */
export interface Predecessor {
  readonly job: string;
  /** Null: its job file is missing or cannot be used, so that nobody knows what it has published. */
  readonly folderOfJob: string | null;
  /** Null: somebody runs it for its occurrences. */
  readonly schedule: CronSchedule | null;
}

/** A job as far as the order of jobs needs it. */
export interface OrderedJob {
  readonly name: string;
  readonly after: readonly string[];
  readonly schedule: CronSchedule | null;
}

/** Occurrences that are compared to find out whether two jobs ever occur together. */
const COMPARED = 400;

/**
 * What is wrong with `schedule.after` of a job, among all jobs of the project: a job that is not there, a job
 * that waits for itself, directly or through others, or one that never occurs at the same instant. Null: nothing.
 */
export function orderProblem(job: OrderedJob, all: readonly OrderedJob[], now: Date): ServeBatchError | null {
  const names = all.map(({ name }) => name);
  for (const name of job.after) {
    const other = all.find((each) => each.name === name);
    if (other === undefined)
      return problem(
        job,
        name,
        `no job has that name.${suggestion(name, names)} The jobs are ${names.join(', ')}`,
      );
    if (!occurTogether(job.schedule, other.schedule, now))
      return problem(
        job,
        name,
        `the two never occur at the same instant (${other.schedule?.cron} and ${job.schedule?.cron}). Give both the same cron and timezone: ${job.name} then starts as soon as ${name} is published`,
      );
  }
  const circle = circleFrom(job, all);
  if (circle === null) return null;
  const [first = ''] = job.after;
  return problem(job, first, `the jobs wait for each other: ${circle.join(' after ')}. Take one of them out`);
}

function problem({ name }: OrderedJob, other: string, why: string): ServeBatchError {
  return new ServeBatchError('JOB_FILE', `schedule.after of "${name}" names "${other}", but ${why}.`, {
    fields: { job: name, after: other },
  });
}

function occurTogether(a: CronSchedule | null, b: CronSchedule | null, now: Date): boolean {
  if (a === null || b === null) return true;
  const [ofA, ofB] = [a, b].map((each) => nextOccurrences(each, now, COMPARED).map(Number));
  const known = new Set(ofB);
  return ofA?.some((each) => known.has(each)) ?? false;
}

/** The way from a job back to itself; null: there is none. */
function circleFrom(job: OrderedJob, all: readonly OrderedJob[]): readonly string[] | null {
  const seen = new Set<string>();
  const visit = (name: string, path: readonly string[]): readonly string[] | null => {
    if (name === job.name) return [...path, name];
    if (seen.has(name)) return null;
    seen.add(name);
    return visitAll(all.find((each) => each.name === name)?.after ?? [], [...path, name]);
  };
  const visitAll = (names: readonly string[], path: readonly string[]): readonly string[] | null => {
    for (const name of names) {
      const found = visit(name, path);
      if (found !== null) return found;
    }
    return null;
  };
  return visitAll(job.after, [job.name]);
}

/** Whether the run of the same occurrence was published. A job that does not occur then is not waited for. */
export async function predecessorState(
  { job, folderOfJob, schedule }: Predecessor,
  occurrence: Date,
  clock: Clock,
): Promise<ConditionState> {
  const condition = `${job} of ${occurrence.toISOString()} published`;
  if (folderOfJob === null)
    return { condition, isMet: false, found: 'its job file is missing or cannot be used' };
  if (schedule !== null && occurrencesBetween(schedule, occurrence, occurrence).length === 0)
    return { condition, isMet: true, found: 'it does not occur then' };
  const run = (await runsByOccurrence(folderOfJob, clock, [occurrence])).get(occurrence.toISOString());
  if (run?.status === 'published' || run?.status === 'superseded')
    return { condition, isMet: true, found: `run ${run.runId}` };
  return { condition, isMet: false, found: await whatBecame(folderOfJob, occurrence, run, clock) };
}

/** Why an occurrence is not published: a status, and that somebody holds its job back. */
async function whatBecame(
  folderOfJob: string,
  occurrence: Date,
  run: RunOfOccurrence | undefined,
  clock: Clock,
): Promise<string> {
  const record = await readRecord(folderOfJob, occurrence);
  const isKnown = record !== undefined || run !== undefined;
  const status = isKnown
    ? occurrenceStatus(record, run, await readHolder(folderOfJob, clock))
    : 'it has not run yet';
  const pause = await readPause(folderOfJob);
  return pause === undefined || status === 'running'
    ? status
    : `${status}; the job is ${describePause(pause)}`;
}
