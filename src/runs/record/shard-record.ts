import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { makeFolder, storeGrown, writeFileDurably } from '../../core/files/durable-file.ts';
import { isStandIn, listAnew, lookAnew, sharedMirrorOf } from '../../core/files/mirror.ts';
import type { Immutable } from '../../core/immutable.ts';
import type { Plan, ShardPlan } from '../../core/plan.ts';
import { createFileExclusively } from '../../storage/local/exclusive-file.ts';
import { inParallel } from '../in-parallel.ts';
import { jsonText, pathExists, readJsonIfValid } from '../json-file.ts';
import { partName, type RunPaths, rejectsName } from '../layout.ts';
import { sha256OfFile } from './hash-file.ts';
import { latencyHistogramSchema } from './latency-histogram.ts';

const count = z.int().nonnegative();
const seconds = z.number().nonnegative();

/** Seconds of work by stage; several processes work at once, so they add up to more than the run took. */
export const stageSecondsSchema = z.object({
  read: seconds,
  features: seconds,
  infer: seconds,
  write: seconds,
  stage: seconds,
});

export type StageSeconds = Immutable<z.infer<typeof stageSecondsSchema>>;

export const shardRecordSchema = z.object({
  index: count,
  rowStart: count,
  rowEnd: count,
  /** 1 for the first attempt. */
  attempt: z.int().positive(),
  /** Always `rowsOut + rejects`. */
  rowsIn: count,
  rowsOut: count,
  rejects: count,
  /** `file` is relative to the run's folder once the record has been written. */
  part: z.object({ file: z.string(), sha256: z.string(), bytes: count }),
  /** Relative to the run's folder, like `part.file`. */
  rejectsFile: z.string().nullable(),
  seconds: stageSecondsSchema,
  /** Whether its part was written by one statement that calls the model; in batches otherwise. Records of earlier versions do not say. */
  inStatement: z.boolean().exactOptional(),
  /** Durations of the model calls. */
  batchLatency: latencyHistogramSchema,
  peakMemoryBytes: z.number().nonnegative(),
  /** The machine that computed it. Records of earlier versions do not say. */
  host: z.string().exactOptional(),
  /** From the instant that it was handed out to `startedAt`; left out: it was not handed to others. */
  waitSeconds: seconds.exactOptional(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
});

/** Shows what a bucket has of the shards of a run. */
export async function showShards(paths: RunPaths): Promise<void> {
  await Promise.all(
    [paths.shardRecord(0), paths.part(0), paths.rejects(0)].map((path) => listAnew(dirname(path))),
  );
}

/** Records that are read at the same time: on a shared folder each is a round trip. */
const READ_AT_ONCE = 16;

/** The commit record of a shard: once it stands on disk, the shard is not computed again. */
export type ShardRecord = Immutable<z.infer<typeof shardRecordSchema>>;

/**
 * Commits a shard whose files already stand under their final names, and returns the record that counts, with
 * file names relative to the run's folder, so that the folder can be moved. Of several workers that commit the
 * same shard the first one wins: what others made is not the part that its record describes.
 */
export async function writeShardRecord(paths: RunPaths, record: ShardRecord): Promise<ShardRecord> {
  const written: ShardRecord = {
    ...record,
    part: { ...record.part, file: partName(record.index) },
    rejectsFile: record.rejectsFile === null ? null : rejectsName(record.index),
  };
  const path = paths.shardRecord(record.index);
  await makeFolder(dirname(path));
  if (await createFileExclusively(path, jsonText(written))) return written;
  const first = await readCommittedShard(paths, record, { verify: true });
  if (first !== undefined) return first;
  // In a bucket the part of the other one may stand now under the name of this one.
  await storeGrown(paths.part(record.index));
  await writeFileDurably(path, jsonText(written));
  return written;
}

/**
 * The records of a run's shards as they stand, by index, whatever became of their files: for the history.
 * Those that are damaged or of another plan are left out.
 */
export async function readShardRecords(paths: RunPaths, plan: Plan): Promise<Map<number, ShardRecord>> {
  const records = new Map<number, ShardRecord>();
  await showShards(paths);
  await inParallel(plan.shards, READ_AT_ONCE, async (shard) => {
    const record = await readJsonIfValid(paths.shardRecord(shard.index), shardRecordSchema);
    if (record !== undefined && agreesWithPlan(record, shard)) records.set(shard.index, record);
  });
  return inOrder(records);
}

function inOrder(records: ReadonlyMap<number, ShardRecord>): Map<number, ShardRecord> {
  return new Map([...records].sort(([a], [b]) => a - b));
}

export interface CommittedShardsOptions {
  /** Whether to read every part and compare its sha256; otherwise only its size is compared. */
  readonly verify: boolean;
  readonly signal?: AbortSignal;
}

/**
 * The shards of a run that need not be computed again, by index. Whatever is not beyond doubt (a record
 * that is damaged or of another plan, a part that is missing or has another size or content) is left
 * out, so that it is computed again. Throws only when the signal is aborted.
 */
export async function readCommittedShards(
  paths: RunPaths,
  plan: Plan,
  options: CommittedShardsOptions,
): Promise<Map<number, ShardRecord>> {
  const committed = new Map<number, ShardRecord>();
  await showShards(paths);
  await inParallel(plan.shards, READ_AT_ONCE, async (shard) => {
    options.signal?.throwIfAborted();
    const record = await readShownShard(paths, shard, options);
    if (record !== undefined) committed.set(shard.index, record);
  });
  return inOrder(committed);
}

/** As {@link readCommittedShards}, of one shard; undefined: it has to be computed. */
export async function readCommittedShard(
  paths: RunPaths,
  shard: ShardPlan,
  options: CommittedShardsOptions,
): Promise<ShardRecord | undefined> {
  const path = paths.shardRecord(shard.index);
  await lookAnew(path);
  // Most are not committed: that is one question.
  if (sharedMirrorOf(path) !== undefined && (await pathExists(path))) {
    await lookAnew(paths.part(shard.index));
    await lookAnew(paths.rejects(shard.index));
  }
  return readShownShard(paths, shard, options);
}

async function readShownShard(
  paths: RunPaths,
  shard: ShardPlan,
  options: CommittedShardsOptions,
): Promise<ShardRecord | undefined> {
  const record = await readJsonIfValid(paths.shardRecord(shard.index), shardRecordSchema);
  if (record === undefined || !agreesWithPlan(record, shard)) return undefined;
  return (await filesAreIntact(paths, record, options)) ? record : undefined;
}

function agreesWithPlan(record: ShardRecord, shard: ShardPlan): boolean {
  return (
    record.index === shard.index &&
    record.rowStart === shard.rowStart &&
    record.rowEnd === shard.rowEnd &&
    record.rowsIn === shard.rowEnd - shard.rowStart &&
    record.rowsIn === record.rowsOut + record.rejects
  );
}

/** Files are looked for where the layout puts them: a record cannot point anywhere else. */
async function filesAreIntact(
  paths: RunPaths,
  record: ShardRecord,
  { verify, signal }: CommittedShardsOptions,
): Promise<boolean> {
  const part = paths.part(record.index);
  if (basename(record.part.file) !== basename(part)) return false;
  try {
    if (record.rejectsFile !== null) await stat(paths.rejects(record.index));
    if ((await stat(part)).size !== record.part.bytes) return false;
    // What is in a bucket alone is compared when it is read.
    if (!verify || (await isStandIn(part))) return true;
    return (await sha256OfFile(part, signal)) === record.part.sha256;
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}
