import { resolve } from 'node:path';
import { publicPath } from '../../core/files/mirror.ts';
import type { Plan } from '../../core/plan.ts';
import { writeDispatch } from '../../runs/dispatch/dispatch-file.ts';
import { type Grouping, groupShards } from '../../runs/dispatch/group-shards.ts';
import { runPaths } from '../../runs/layout.ts';
import { readCommittedShards } from '../../runs/record/shard-record.ts';
import { timeLimitsOf, withinTimeLimit } from '../limits/time-limit.ts';
import type { LockedRun } from '../lock/locked-run.ts';
import { nextStep } from '../lock/run-locked.ts';
import { withLockedRun } from '../lock/with-locked-run.ts';
import type { RunJobOptions } from '../run-job-options.ts';
import { RunMeter } from '../run-meter.ts';
import { specForDispatch } from './spec-of-dispatch.ts';

/**
 * A run whose shards others compute. `planned`: shards are missing, or all are there and `finish` commits them.
 * `complete`: it is committed, and `finish` publishes it where that is left to do. `nothing new`: there is no run.
 */
export interface MadeRun {
  readonly outcome: 'planned' | 'complete' | 'nothing new';
  readonly job: string;
  readonly runId: string | null;
  /** Absolute path of plan.json. */
  readonly plan: string | null;
  /** The number of the dispatch list. */
  readonly dispatch: number | null;
  readonly rows: number;
  /** All shards of the run. */
  readonly shards: number;
  readonly missing: number;
  /** The numbers of the missing shards: one task computes a group. */
  readonly groups: readonly (readonly number[])[];
}

/**
 * Makes a run, or finds the one that is unfinished, and writes down which of its shards are missing. The job's
 * lock is held meanwhile, and by nobody while others compute the shards: they write what nobody reads before
 * `finish`, which takes the lock again.
 */
export function makeRun(options: RunJobOptions, grouping: Grouping): Promise<MadeRun> {
  const { spec, signal } = options;
  return withinTimeLimit(timeLimitsOf(spec), spec.name, signal, (limited) =>
    withLockedRun({ ...options, signal: limited }, (locked) => planLocked(locked, grouping), {
      computesHere: false,
    }),
  );
}

async function planLocked(locked: LockedRun, grouping: Grouping): Promise<MadeRun> {
  const next = await nextStep(locked, new RunMeter(locked.options.effects.clock));
  switch (next.kind) {
    case 'done':
      return next.result.outcome === 'nothing new'
        ? { ...NO_RUN, job: next.result.job }
        : completeRun(locked, next.result.record.runId);
    case 'publish':
      return completeRun(locked, next.run.runId);
    case 'compute':
      return handOut(locked, next.plan, grouping);
  }
}

const NO_RUN = {
  outcome: 'nothing new',
  runId: null,
  plan: null,
  dispatch: null,
  rows: 0,
  shards: 0,
  missing: 0,
  groups: [],
} as const;

function completeRun({ options, folder }: LockedRun, runId: string): MadeRun {
  return {
    ...NO_RUN,
    outcome: 'complete',
    job: options.spec.name,
    runId,
    plan: publicPath(runPaths(folder, runId).plan),
  };
}

async function handOut(locked: LockedRun, plan: Plan, grouping: Grouping): Promise<MadeRun> {
  const { options, folder, lock } = locked;
  const paths = runPaths(folder, plan.runId);
  const done = await readCommittedShards(paths, plan, { verify: true, signal: options.signal });
  const missing = plan.shards.map(({ index }) => index).filter((index) => !done.has(index));
  const groups = groupShards(missing, grouping);
  await lock.assertHeld();
  const createdAt = options.effects.clock.now().toISOString();
  const list = { createdAt, groups, spec: specForDispatch(options.spec) };
  const { round } = await writeDispatch(paths, list, options.mask);
  return {
    outcome: 'planned',
    job: plan.job,
    runId: plan.runId,
    plan: publicPath(resolve(paths.plan)),
    dispatch: round,
    rows: plan.input.rows,
    shards: plan.shards.length,
    missing: missing.length,
    groups,
  };
}
