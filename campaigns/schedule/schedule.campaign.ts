import { cpus, loadavg } from 'node:os';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { ScheduleSpec } from '../../src/config/sections/schedule.ts';
import { systemClock } from '../../src/core/effects.ts';
import { ServeBatchError } from '../../src/core/errors.ts';
import { folderOfJob } from '../../src/jobs/plan/locations.ts';
import type { RunJobOptions, RunJobResult } from '../../src/jobs/run-job-options.ts';
import { writeFirstSight } from '../../src/schedule/due/first-sight.ts';
import type { ScheduledJob, ScheduleEffects } from '../../src/schedule/schedule-effects.ts';
import { serveSchedule } from '../../src/schedule/serve.ts';
import { FakeClock, MINUTE, quickFolder, scheduledJob, simulate } from '../../test/schedule/simulation.ts';

const JOBS = 200;
const MISSED = 1000;
const SECONDS = Number(process.env.SCHEDULE_SECONDS ?? 150);
const CONCURRENCY = 4;
/** A run takes so long, and no processor time: what is measured is the scheduler. */
const RUN_MS = 250;
const MIB = 2 ** 20;
const ENDED = new ServeBatchError('SIGTERM', 'ended');
const AWAY = new ServeBatchError('STORE_UNAVAILABLE', 'no answer');
const never = new Promise<never>(() => {});

function named(name: string, root: string, changes: Partial<ScheduleSpec>, slots = 1): ScheduledJob {
  const { spec, schedule } = scheduledJob(root, changes);
  return { spec: { ...spec, name, execution: { ...spec.execution, slots } }, schedule };
}

/** A job that nobody has looked at while so many of its occurrences came. */
async function behind(name: string, root: string, slots = 1): Promise<ScheduledJob> {
  const job = named(name, root, { cron: '*/10 * * * *', catchup: 'all' }, slots);
  const since = new Date(Date.now() - MISSED * 10 * MINUTE).toISOString();
  await writeFirstSight(folderOfJob(job.spec), { cron: job.schedule.cron, timezone: 'UTC', since });
  return job;
}

/** A late job takes so many places: all but one, which that of `hangs` may have. */
const WIDE_SLOTS = CONCURRENCY - 1;

/** `in-time` is well; the store of `away` refuses, that of `silent` never answers; nobody answers the alerts of `mute`. */
function others(root: string): readonly ScheduledJob[] {
  const everyMinute = { cron: '* * * * *', catchup: 'latest' } as const;
  return [
    ...['in-time', 'away', 'hangs', 'silent'].map((name) => named(name, root, everyMinute)),
    named('mute', root, { ...everyMinute, deadlineSeconds: 1 }),
  ];
}

/** Nothing is computed; the occurrence is written down as done. */
async function lightRun({ spec, witness }: RunJobOptions): Promise<RunJobResult> {
  const nothing = { record: null, publishError: null, overtakenBy: null, lastRunId: '', watermark: null };
  const result = { outcome: 'nothing new', job: spec.name, message: 'nothing', ...nothing } as const;
  await witness?.begins(null);
  await wait(RUN_MS);
  await witness?.ends({ result });
  return result;
}

/** What happened, as the scheduler's world saw it. */
class Seen {
  readonly runs = new Map<string, number>();
  /** How long after its minute the job in time began, in seconds. */
  readonly delays: number[] = [];
  readonly looksMs: number[] = [];
  readonly heaps: number[] = [];

  begins({ name, occurrence }: RunJobOptions['spec']): void {
    this.runs.set(name, (this.runs.get(name) ?? 0) + 1);
    if (name === 'in-time') this.delays.push((Date.now() - Date.parse(occurrence ?? '')) / 1000);
  }
}

function worldOf(seen: Seen): { readonly effects: ScheduleEffects; readonly drain: AbortController } {
  const { effects, drain } = simulate(new FakeClock(new Date().toISOString()));
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  return {
    drain,
    effects: {
      ...{ ...effects, clock: systemClock, log: quiet },
      async runJob(options) {
        seen.begins(options.spec);
        if (options.spec.name === 'hangs') return never;
        if (options.spec.name === 'away' || options.spec.name === 'mute') throw AWAY;
        return lightRun(options);
      },
      announcer: { alert: ({ name }) => (name === 'mute' ? never : Promise.resolve()), async success() {} },
      stores: {
        async compare({ name }) {
          if (name === 'away') throw AWAY;
          return name === 'silent' ? never : { kind: 'same' };
        },
        reload: async () => true,
      },
    },
  };
}

it(`${JOBS} jobs with ${MISSED} missed occurrences each, beside jobs that are broken`, async () => {
  const root = await quickFolder();
  const late = await Promise.all(Array.from({ length: JOBS }, (_, index) => behind(`late-${index}`, root)));
  const wide = await behind('wide', root, WIDE_SLOTS);
  const jobs = [...late, wide, ...others(root)];
  const seen = new Seen();
  const { effects, drain } = worldOf(seen);
  const stalls = monitorEventLoopDelay({ resolution: 10 });
  const cpu = process.cpuUsage();
  let lookedFrom: number | null = null;
  stalls.enable();
  const timer = setTimeout(() => drain.abort(ENDED), SECONDS * 1000);
  const problem = { job: 'invalid', error: new ServeBatchError('JOB_FILE', 'input is missing') };
  const service = serveSchedule({
    async load() {
      lookedFrom = performance.now();
      return { jobs, off: [], problems: [problem] };
    },
    effects,
    concurrency: CONCURRENCY,
    sleep: (ms, signal) => wait(ms, undefined, { signal }).catch(() => {}),
    onStart: async () => {
      lookedFrom = null;
    },
    async onLook() {
      if (lookedFrom !== null) seen.looksMs.push(performance.now() - lookedFrom);
      lookedFrom = null;
      seen.heaps.push(process.memoryUsage().heapUsed / MIB);
    },
  });
  // The hanging job and the silent ones keep it from its end: the process would be ended.
  await Promise.race([service.catch(() => {}), wait((SECONDS + 5) * 1000)]);
  clearTimeout(timer);
  stalls.disable();
  const { user, system } = process.cpuUsage(cpu);
  const turns = late.map(({ spec }) => seen.runs.get(spec.name) ?? 0);
  const [least, most] = [Math.min(...turns), Math.max(...turns)];
  const runs = turns.reduce((sum, each) => sum + each, 0);
  const longest = (figures: readonly number[], digits = 1): string => Math.max(...figures).toFixed(digits);
  process.stdout.write(
    `${JOBS} jobs x ${MISSED} missed occurrences, ${runs} runs in ${SECONDS} s; load ${loadavg()[0]?.toFixed(1)} on ${cpus().length} cores
looks at all jobs: ${seen.looksMs.map((ms) => (ms / 1000).toFixed(2)).join(' ')} s; the longest time in which nothing else was done ${(stalls.max / 1e9).toFixed(2)} s
processor time ${((user + system) / 1e6 / (SECONDS / 60)).toFixed(1)} s a minute; at most ${longest(seen.heaps, 0)} MiB of heap
each late job ran ${least} to ${most} times, the one of ${WIDE_SLOTS} places ${seen.runs.get('wide') ?? 0} times; in-time ${seen.delays.length} times, at most ${longest(seen.delays)} s after its minute; away ${seen.runs.get('away')}, hangs ${seen.runs.get('hangs')}, silent ${seen.runs.get('silent')}\n`,
  );
  expect(most - least, 'jobs take turns').toBeLessThanOrEqual(1);
  expect(seen.runs.get('wide') ?? 0, 'a job of several places has its turns').toBeGreaterThanOrEqual(
    least - 1,
  );
  expect(seen.delays.length, 'the job in time misses no minute').toBeGreaterThanOrEqual(
    Math.floor(SECONDS / 60),
  );
  expect(Math.max(...seen.delays.slice(1)), 'it starts in its minute').toBeLessThanOrEqual(30);
  expect(Math.max(...seen.heaps), 'MiB of heap for 200,000 occurrences').toBeLessThan(256);
});
