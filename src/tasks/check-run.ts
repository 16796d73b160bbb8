import { existsSync } from 'node:fs';
import { fetchContents } from '../core/files/mirror.ts';
import type { GateReference, GateResult } from '../core/gates.ts';
import type { Plan } from '../core/plan.ts';
import { checkGates, needsSample } from '../gates/check-gates.ts';
import { openReferenceFile, openRunTables, type RunFiles, type RunTables } from '../gates/run-tables.ts';
import { writeSample } from '../gates/sample.ts';
import type { RunPaths } from '../runs/layout.ts';
import { readPlan } from '../runs/plan/plan-file.ts';
import { showShards } from '../runs/record/shard-record.ts';
import type { Database } from '../source/duckdb/database.ts';
import { findFiles } from '../source/files/find-files.ts';
import { type Reach, reachOfPlan } from './job-reach.ts';
import type { CheckGatesTask } from './tasks.ts';

type PathsOf = (runId: string) => RunPaths;

/** Checks the gates of a run whose shards are all done. Its sample stays: later runs are compared with it. */
export async function checkRun(
  database: Database,
  pathsOf: PathsOf,
  plan: Plan,
  { gates, last, weekday, scored }: Pick<CheckGatesTask, 'gates' | 'last' | 'weekday' | 'scored'>,
): Promise<readonly GateResult[]> {
  const paths = pathsOf(plan.runId);
  const reach = await reachOfGates(pathsOf, plan, { gates, last, weekday });
  if (reach !== null) await database.confine(reach);
  if (needsSample(gates) && !existsSync(paths.sample)) await writeSample(database, plan, paths.sample);
  const opened = new Map<string, Promise<RunTables>>();
  const open = (key: string, opening: () => Promise<RunTables>): Promise<RunTables> => {
    const tables = opened.get(key) ?? opening();
    opened.set(key, tables);
    return tables;
  };
  const ofRun = async (runId: string) =>
    openRunTables(database, await filesOf(pathsOf(runId), await readPlan(pathsOf(runId).plan)));
  const reference = async (wanted: GateReference): Promise<RunTables | null> => {
    if (wanted.kind === 'file') return open(wanted.path, () => openFile(database, wanted.path));
    const runId = wanted.kind === 'last' ? last : weekday;
    return runId === null ? null : open(runId, () => ofRun(runId));
  };
  const run = await openRunTables(database, await filesOf(paths, plan));
  return checkGates({ database, gates, plan, run, reference, scored });
}

async function filesOf(paths: RunPaths, { runId, model, shards }: Plan): Promise<RunFiles> {
  const parts = shards.map(({ index }) => paths.part(index));
  await showShards(paths);
  await fetchContents([...parts, paths.sample]);
  const sample = existsSync(paths.sample) ? paths.sample : null;
  return { runId, modelSha256: model.sha256, parts, sample };
}

/** What the SQL of gates may touch: what that of the job may, and the runs and files that gates compare with. */
async function reachOfGates(
  pathsOf: PathsOf,
  plan: Plan,
  { gates, last, weekday }: Pick<CheckGatesTask, 'gates' | 'last' | 'weekday'>,
): Promise<Reach> {
  const reach = reachOfPlan(plan, pathsOf(plan.runId));
  if (reach === null) return null;
  const runs = [last, weekday].filter((runId) => runId !== null);
  const files: string[] = [];
  for (const gate of gates) {
    if (!('against' in gate) || gate.against.kind !== 'file') continue;
    const found = await findFiles([gate.against.path]).catch(() => []);
    files.push(...found.map(({ path }) => path));
  }
  return {
    folders: [...reach.folders, ...runs.map((runId) => pathsOf(runId).folder)],
    files: [...reach.files, ...files],
  };
}

async function openFile(database: Database, path: string): Promise<RunTables> {
  return openReferenceFile(database, path, await findFiles([path]));
}
