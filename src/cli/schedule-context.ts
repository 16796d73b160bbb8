import { setTimeout as wait } from 'node:timers/promises';
import { type Log, silentProgress, systemClock } from '../core/effects.ts';
import { folderOfJob, storeUrlOf } from '../jobs/plan/locations.ts';
import { type LoadedSchedule, loadScheduledJobs } from '../schedule/load-jobs.ts';
import { Places } from '../schedule/places.ts';
import type { ScheduleEffects, ScoreKeeper, StoreKeeper } from '../schedule/schedule-effects.ts';
import type { CliContext } from './context.ts';
import { reporterOfJob } from './watch/reporter-of-job.ts';
import { watchSchedule } from './watch/watch-schedule.ts';

/** What commands of the schedule work with, in this process. */
export async function scheduleEffects(context: CliContext, debug: boolean): Promise<ScheduleEffects> {
  const { runJob } = await import('../jobs/run-job.ts');
  const { createAnnouncer } = await import('../notify/announcer.ts');
  const { env, secrets, signal, drain, workers } = context;
  const log = watchSchedule(context, { debug });
  const mask = (text: string): string => secrets.mask(text);
  const announcer = createAnnouncer({ log, env, mask });
  const runHere: typeof runJob = async (options) =>
    runJob({
      startWorkers: workers.start,
      mask,
      ...(await reporterOfJob(context, options.spec)),
      ...options,
    });
  const stores = await storeKeeper(context, log);
  const checkReady = await readinessChecker(context);
  const scores = await scoreKeeper(context);
  return { clock: systemClock, log, announcer, runJob: runHere, stores, scores, checkReady, signal, drain };
}

/** Tables that are looked at at the same time: each takes a process. */
const CHECKS_AT_ONCE = 2;

async function readinessChecker({
  signal,
  workers,
}: Pick<CliContext, 'signal' | 'workers'>): Promise<ScheduleEffects['checkReady']> {
  const { checkReadiness } = await import('../jobs/readiness/check-readiness.ts');
  const places = new Places(CHECKS_AT_ONCE);
  const effects = { clock: systemClock, signal, startWorkers: workers.start };
  return (spec) => places.take(1, () => checkReadiness(spec, effects));
}

/** One job at a time: all cores work on it. */
async function scoreKeeper({
  signal,
  workers,
}: Pick<CliContext, 'signal' | 'workers'>): Promise<ScoreKeeper> {
  const { scoresDue, scoreDue } = await import('../jobs/accuracy/score-when-due.ts');
  const { degradationOf } = await import('../jobs/accuracy/degradation.ts');
  const places = new Places(1);
  const effects = { clock: systemClock, signal, startWorkers: workers.start };
  return {
    degradation: (spec, record) => degradationOf(spec, record, systemClock),
    async scoreDue(spec) {
      const due = await scoresDue(spec);
      return due === null ? [] : places.take(1, () => scoreDue(spec, due, effects));
    },
  };
}

async function storeKeeper({ signal, workers }: CliContext, log: Log): Promise<StoreKeeper> {
  const { compareStore } = await import('../jobs/publish/store-state.ts');
  const { reloadStore } = await import('../jobs/publish/reload-store.ts');
  const compare: StoreKeeper['compare'] = (spec) => compareStore(spec, systemClock);
  return {
    compare,
    async reload(spec) {
      const place = { job: spec.name, folderOfJob: folderOfJob(spec), storeUrl: storeUrlOf(spec) };
      const effects = { clock: systemClock, log, progress: silentProgress };
      const isLost = async (): Promise<boolean> => (await compare(spec)).kind === 'lost';
      const options = { place, effects, signal, startWorkers: workers.start };
      return (await reloadStore(options, isLost)) !== null;
    },
  };
}

export function loadSchedule(context: CliContext, names: readonly string[] = []): Promise<LoadedSchedule> {
  const { cwd, env, secrets } = context;
  return loadScheduledJobs({ projectFolder: cwd, env, secrets, names, now: systemClock.now() });
}

/** Waits so long, or until the signal. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => {});
}
