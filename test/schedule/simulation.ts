import { access, constants, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { adHocJob } from '../../src/config/override-job.ts';
import { DEFAULT_SCHEDULE, type ScheduleSpec } from '../../src/config/sections/schedule.ts';
import type { Clock, Log } from '../../src/core/effects.ts';
import { ServeBatchError } from '../../src/core/errors.ts';
import { readinessOf } from '../../src/core/readiness.ts';
import type { Alert, Announcer } from '../../src/jobs/alert.ts';
import { folderOfJob } from '../../src/jobs/plan/locations.ts';
import type { RunEnd, RunJobOptions, RunJobResult } from '../../src/jobs/run-job-options.ts';
import { runPaths } from '../../src/runs/layout.ts';
import { findCommittedRun, newerPublished, runsOfOccurrences } from '../../src/runs/list/occurrence-runs.ts';
import { acquireLock } from '../../src/runs/lock/lock.ts';
import { writePlan } from '../../src/runs/plan/plan-file.ts';
import { markPublished, setCurrent } from '../../src/runs/publication.ts';
import { writeManifest } from '../../src/runs/record/run-record.ts';
import { newRunId } from '../../src/runs/run-id.ts';
import type { ScheduledJob, ScheduleEffects } from '../../src/schedule/schedule-effects.ts';
import { samplePlan, sampleRecord } from '../runs/sample-run.ts';

/** A clock that stands still until it is told. */
export class FakeClock implements Clock {
  #ms: number;

  constructor(iso: string) {
    this.#ms = Date.parse(iso);
  }

  now(): Date {
    return new Date(this.#ms);
  }

  monotonicMs(): number {
    return this.#ms;
  }

  set(iso: string): void {
    this.#ms = Date.parse(iso);
  }

  advance(ms: number): void {
    this.#ms += ms;
  }
}

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** A job that runs as its schedule says, over a real output folder. */
export function scheduledJob(root: string, changes: Partial<ScheduleSpec> = {}): ScheduledJob {
  const schedule = { ...DEFAULT_SCHEDULE, cron: '0 0 * * *', ...changes };
  const spec = { ...adHocJob({ model: 'sales.onnx', output: root }), name: 'sales', schedule };
  return { spec, schedule };
}

/** How the next run of an occurrence ends, instead of well. */
export type Mishap =
  | 'fails'
  | 'store was down before'
  | 'store is down'
  | 'coverage is too low'
  | 'is killed'
  | 'is killed once it is committed';

export interface Simulation {
  readonly clock: FakeClock;
  readonly effects: ScheduleEffects;
  readonly drain: AbortController;
  /** Occurrences that were computed, in order; twice would be wrong. */
  readonly computed: string[];
  readonly alerts: Alert[];
  readonly log: string[];
  /** Jobs that were said to be well. */
  readonly heartbeats: string[];
  /** What happens next, first things first; when it is empty, all goes well. */
  readonly mishaps: Mishap[];
  /** Waits until no run is going on. */
  idle(): Promise<void>;
}

/**
 * The effects of a schedule whose runs are tiny: they take the job's real lock, write a real run folder,
 * and publish it, without computing anything.
 */
export function simulate(iso: string | FakeClock): Simulation {
  const clock = typeof iso === 'string' ? new FakeClock(iso) : iso;
  const drain = new AbortController();
  const simulation = {
    clock,
    drain,
    computed: [] as string[],
    alerts: [] as Alert[],
    log: [] as string[],
    heartbeats: [] as string[],
    mishaps: [] as Mishap[],
  };
  const going = new Set<Promise<unknown>>();
  const note =
    (level: string) =>
    (message: string): void => {
      simulation.log.push(`${level}: ${message}`);
    };
  const log: Log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  const announcer: Announcer = {
    async alert(_, alert) {
      simulation.alerts.push(alert);
    },
    async success({ name }) {
      simulation.heartbeats.push(name);
    },
  };
  const runJob = async (options: RunJobOptions): Promise<RunJobResult> => {
    const run = tinyRun(options, simulation);
    going.add(run);
    return run.finally(() => going.delete(run));
  };
  return {
    ...simulation,
    effects: {
      ...{ clock, log, announcer, runJob, drain: drain.signal },
      scores: { scoreDue: async () => [], degradation: async () => null },
      checkReady: async () => readinessOf(clock.now(), []),
      stores: { compare: async () => ({ kind: 'same' }), reload: async () => true },
      signal: new AbortController().signal,
    },
    async idle() {
      do {
        await Promise.allSettled(going);
        // What follows a run, up to the look after it.
        await setImmediate();
      } while (going.size > 0);
    },
  };
}

/** Hundreds of runs begin at one instant of a clock that stands still: by chance, two would have one id. */
let share = 0;
const nextShare = (): number => {
  share = (share + 1) % 1000;
  return share / 1000;
};

type TinySimulation = Pick<Simulation, 'clock' | 'computed' | 'mishaps'>;

async function tinyRun(options: RunJobOptions, simulation: TinySimulation): Promise<RunJobResult> {
  const { witness } = options;
  const lock = await acquireLock(folderOfJob(options.spec), { clock: simulation.clock });
  try {
    await witness?.begins((await options.checkReady?.()) ?? null);
    const end = await computeAndPublish(options, simulation, lock.token).then(
      (result): RunEnd => ({ result }),
      (error: unknown): RunEnd => ({ result: null, error }),
    );
    // As a process does that is killed: it writes nothing any more.
    if (end.result === null && end.error === KILLED) throw KILLED;
    await witness?.ends(end);
    if (end.result === null) throw end.error;
    return end.result;
  } finally {
    await lock.release();
  }
}

const KILLED = new ServeBatchError('LOCKED', 'killed');

async function computeAndPublish(
  { spec, publish }: RunJobOptions,
  { clock, computed, mishaps }: TinySimulation,
  token: number,
): Promise<RunJobResult> {
  const folder = folderOfJob(spec);
  const occurrence = spec.occurrence ?? '';
  const mishap = mishaps.shift();
  const settled = await findCommittedRun(folder, occurrence, clock);
  if (settled?.record !== undefined && settled.status !== 'committed')
    return {
      outcome: 'up to date',
      record: { ...settled.record, status: settled.status },
      overtakenBy: null,
      publishError: null,
    };
  if (mishap === 'is killed') throw KILLED;
  if (mishap === 'fails') throw new ServeBatchError('INPUT_NOT_FOUND', 'the input is not there yet');
  if (mishap === 'store was down before') throw new ServeBatchError('STORE_UNAVAILABLE', 'no store');
  const runId = settled?.runId ?? newRunId(clock.now(), nextShare);
  const paths = runPaths(folder, runId);
  const identity = { inputFingerprint: 'f', modelSha256: 'm', specSha256: 's', occurrence, window: null };
  const plan = samplePlan({ runId, job: spec.name, createdAt: clock.now().toISOString(), identity });
  const record = { ...sampleRecord(plan), rejects: 0 };
  if (settled === undefined) {
    computed.push(occurrence);
    await writePlan(paths, plan);
    await writeManifest(paths, record);
  }
  if (mishap === 'is killed once it is committed') throw KILLED;
  const outcome = settled === undefined ? 'computed' : 'published';
  if (mishap === 'store is down')
    return {
      outcome,
      record,
      overtakenBy: null,
      publishError: new ServeBatchError('STORE_UNAVAILABLE', 'no store'),
    };
  if (mishap === 'coverage is too low')
    return {
      outcome,
      record,
      overtakenBy: null,
      publishError: new ServeBatchError('COVERAGE_TOO_LOW', 'too little'),
    };
  const overtakenBy = publish === 'unless newer' ? await newerPublished(folder, occurrence, clock) : null;
  if (overtakenBy !== null) return { outcome, record, overtakenBy, publishError: null };
  await setCurrent(folder, runId);
  await markPublished(paths, { at: clock.now(), token });
  return { outcome, record: { ...record, status: 'published' }, overtakenBy: null, publishError: null };
}

/** A folder in memory where there is one: thousands of files are written, each waiting for its disk. */
export async function quickFolder(): Promise<string> {
  const memory = '/dev/shm';
  const parent = await access(memory, constants.W_OK).then(
    () => memory,
    () => tmpdir(),
  );
  const folder = await mkdtemp(join(parent, 'serve-batch-schedule-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The occurrences of all committed runs of a job, oldest first: twice means that it ran twice. */
export async function occurrencesOf({ spec }: ScheduledJob): Promise<(string | null)[]> {
  const runs = await runsOfOccurrences(folderOfJob(spec));
  return runs.map(({ occurrence }) => occurrence).sort();
}
