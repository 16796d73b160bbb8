import { existsSync, readdirSync } from 'node:fs';
import { expect } from 'vitest';
import { leftoversIn, until } from '../support/processes.ts';
import type { Project, RunningRun } from '../support/project.ts';

export interface KilledRun {
  readonly runId: string;
  /** Shards that were committed when the last process had ended. */
  readonly shards: number;
}

/** The records of committed shards of a run, by number. */
export function committedShards(project: Project, runId: string, job: string): number {
  const folder = project.path('out', job, 'runs', runId, 'shards');
  return existsSync(folder) ? readdirSync(folder).filter((name) => /^\d+\.json$/.test(name)).length : 0;
}

/** Starts a command, and returns once its new run has so many committed shards. */
export async function startUntilShards(
  project: Project,
  args: readonly string[],
  shards: number,
): Promise<RunningRun> {
  const job = args[1]?.startsWith('-') === false ? args[1] : 'sales';
  const before = new Set(await project.runs(job));
  const runsFolder = project.path('out', job, 'runs');
  const running = project.start(args);
  const runId = await until(() => {
    if (running.process.exitCode !== null) throw new Error(`it has ended: ${running.stderr()}`);
    const runs = existsSync(runsFolder) ? readdirSync(runsFolder) : [];
    return runs.find((each) => !before.has(each) && committedShards(project, each, job) >= shards);
  });
  return { ...running, runId, job };
}

/** Starts a command, ends it with SIGKILL once it has committed some shards, and waits for its children. */
export async function killAfterShards(
  project: Project,
  args: readonly string[],
  shards: number,
): Promise<KilledRun> {
  const running = await startUntilShards(project, args, shards);
  running.process.kill('SIGKILL');
  expect((await running.result).signal).toBe('SIGKILL');
  expect(await leftoversIn(project.folder)).toEqual([]);
  const { runId, job } = running;
  return { runId, shards: committedShards(project, runId, job) };
}
