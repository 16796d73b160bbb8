import type { Clock } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { type ExtendedRun, loadsOf, type Plan, shardInStore } from '../../core/plan.ts';
import { runPaths } from '../../runs/layout.ts';
import { readPlan } from '../../runs/plan/plan-file.ts';
import { readPublication } from '../../runs/publication.ts';
import { type RunRecord, readManifest } from '../../runs/record/run-record.ts';

/** An earlier run whose predictions a generation holds, too. */
export interface RunBelow {
  readonly runId: string;
  readonly shards: readonly number[];
  /** What it is loaded in: shards, or slices of the keys. */
  readonly loads: readonly number[];
  /** The number that the first of them has in the store. */
  readonly firstShard: number;
  readonly rows: number;
  /** What is left of the time to live of its values; null: they have none. */
  readonly ttlSeconds: number | null;
}

/**
 * The runs that a generation goes on from, oldest first, without those whose values have come to their end.
 * Throws `NOT_FOUND` where a run is not there any more: its predictions cannot be loaded again.
 */
export async function runsBelow(
  folderOfJob: string,
  plan: Pick<Plan, 'runId' | 'kv'>,
  clock: Clock,
): Promise<readonly RunBelow[]> {
  const below: RunBelow[] = [];
  for (let base = plan.kv?.extends; base !== undefined; ) {
    const { run, extended } = await readRun(folderOfJob, plan.runId, base, clock);
    if (run.ttlSeconds === null || run.ttlSeconds > 0) below.push(run);
    base = extended;
  }
  return below.reverse();
}

/** A run, with its shards. */
export interface RunOfGeneration {
  readonly runId: string;
  readonly shards: readonly number[];
}

/**
 * The runs whose predictions the generation of a run holds, the newest first: the run itself, and those that it goes
 * on from, as far as their folders are still there.
 */
export async function runsOfGeneration(
  folderOfJob: string,
  runId: string,
  clock: Clock,
): Promise<readonly RunOfGeneration[]> {
  const { kv, shards } = await readPlan(runPaths(folderOfJob, runId).plan);
  const runs = [{ runId, shards: shards.map(({ index }) => index) }];
  for (let base = kv?.extends; base !== undefined; ) {
    const read = await readRun(folderOfJob, runId, base, clock).catch(() => undefined);
    if (read === undefined) return runs;
    const { ttlSeconds, runId: below, shards: shardsBelow } = read.run;
    if (ttlSeconds === null || ttlSeconds > 0) runs.push({ runId: below, shards: [...shardsBelow] });
    base = read.extended;
  }
  return runs;
}

async function readRun(
  folderOfJob: string,
  wanted: string,
  { runId }: ExtendedRun,
  clock: Clock,
): Promise<{ readonly run: RunBelow; readonly extended: ExtendedRun | undefined }> {
  const paths = runPaths(folderOfJob, runId);
  const record = await readManifest(paths);
  if (record === undefined) throw goneError(wanted, runId);
  const { kv, shards } = await readPlan(paths.plan);
  if (kv === null) throw goneError(wanted, runId);
  const publishedAt = (await readPublication(paths))?.at;
  const run = {
    runId,
    shards: shards.map(({ index }) => index),
    loads: loadsOf({ kv, shards }),
    firstShard: shardInStore(kv, 0),
    rows: record.rowsOut,
    ttlSeconds: kv.ttlSeconds === null ? null : kv.ttlSeconds - ageOf(record, publishedAt, clock),
  };
  return { run, extended: kv.extends };
}

/** Seconds since its values were loaded. */
function ageOf({ finishedAt }: RunRecord, publishedAt: string | undefined, clock: Clock): number {
  return (clock.now().getTime() - Date.parse(publishedAt ?? finishedAt)) / 1000;
}

function goneError(wanted: string, runId: string): ServeBatchError {
  return new ServeBatchError(
    'NOT_FOUND',
    `Run ${wanted} adds to the predictions of run ${runId}, which the store does not have any more, and whose folder is gone. Nothing was published. Take everything once with "serve-batch run JOB --full".`,
    { fields: { runId: wanted, gone: runId } },
  );
}
