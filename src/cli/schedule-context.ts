import { setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '../core/effects.ts';
import { type LoadedSchedule, loadScheduledJobs } from '../schedule/load-jobs.ts';
import type { ScheduleEffects } from '../schedule/schedule-effects.ts';
import type { CliContext } from './context.ts';
import { watchSchedule } from './watch/watch-schedule.ts';

/** What commands of the schedule work with, in this process. */
export async function scheduleEffects(context: CliContext, debug: boolean): Promise<ScheduleEffects> {
  const { runJob } = await import('../jobs/run-job.ts');
  const { createAnnouncer } = await import('../notify/announcer.ts');
  const { env, secrets, signal, drain, workers } = context;
  const log = watchSchedule(context, { debug });
  const announcer = createAnnouncer({ log, env, mask: (text) => secrets.mask(text) });
  const runHere: typeof runJob = (options) => runJob({ startWorkers: workers.start, ...options });
  return { clock: systemClock, log, announcer, runJob: runHere, signal, drain };
}

export function loadSchedule(context: CliContext, names: readonly string[] = []): Promise<LoadedSchedule> {
  const { cwd, env, secrets } = context;
  return loadScheduledJobs({ projectFolder: cwd, env, secrets, names });
}

/** Waits so long, or until the signal. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => {});
}
