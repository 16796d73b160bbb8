import { rm } from 'node:fs/promises';
import type { DevicePlan } from '../../core/device.ts';
import { makeFolder, writeFileDurably } from '../../core/durable-file.ts';
import type { EnginePlan } from '../../core/engine.ts';
import { ServeBatchError } from '../../core/errors.ts';
import type { IncrementalPlan } from '../../core/incremental.ts';
import type { TensorSpec } from '../../core/model.ts';
import type { RunIdentity } from '../../core/plan.ts';
import { jsonText, readJsonFile } from '../json-file.ts';
import type { RunPaths } from '../layout.ts';
import type { RunStatus } from '../run-status.ts';
import type { RecordedError } from './recorded-error.ts';
import { runRecordSchema } from './run-record-schema.ts';
import type { StageSeconds } from './shard-record.ts';

/** A run as it stands in `run.json` (the manifest), in `failure.json` and on standard output with `--json`. */
export interface RunRecord {
  readonly formatVersion: 1;
  readonly runId: string;
  readonly job: string;
  /** As it was when the record was made: the ledger knows what became of the run since. */
  readonly status: RunStatus;
  readonly identity: RunIdentity;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly durationSeconds: number;
  /** From `startedAt` to the first rows that were scored; null where none were. */
  readonly firstRowSeconds: number | null;
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly rejects: number;
  /** Of a grid: how much of it has a prediction. */
  readonly coverage?: CoverageRecord;
  /** Of an input that grows: what of it the run took. */
  readonly incremental?: IncrementalPlan;
  /** Rows of the shards that this command computed, by its duration: reused shards do not count. */
  readonly throughputRowsPerSecond: number;
  readonly shards: { readonly total: number; readonly reused: number; readonly retried: number };
  /** Work behind the whole output, reused shards included. */
  readonly stages: StageSeconds;
  /** Rows of one model call, at most. Runs of earlier versions do not say. */
  readonly batchSize?: number;
  /** Where the model was computed. Runs of earlier versions do not say: on the CPU. */
  readonly device?: DeviceRecord;
  /** What computed the model there. Runs of earlier versions do not say: ONNX Runtime. */
  readonly engine?: EnginePlan;
  readonly batchLatencyMs: BatchLatency;
  /** Of the process that needed most. */
  readonly peakMemoryBytes: number;
  readonly model: {
    readonly path: string;
    readonly sha256: string;
    readonly inputs: readonly TensorSpec[];
    readonly outputs: readonly TensorSpec[];
    /** Which promises do not hold for it; left out where all do. */
    readonly warnings?: readonly string[];
  };
  readonly input: InputRecord;
  readonly output: {
    readonly path: string;
    /** Of the parts, in order. Runs of earlier versions do not say. */
    readonly columns?: readonly string[];
    readonly parts: readonly PartRecord[];
    readonly bytes: number;
  };
  readonly kv: KvRecord | null;
  readonly versions: Versions;
  readonly host: Host;
  /** Why it failed. */
  readonly error?: RecordedError;
}

export interface DeviceRecord extends DevicePlan {
  /** The execution provider of ONNX Runtime. */
  readonly provider: string;
  /** Of ONNX Runtime, which its providers are part of. */
  readonly providerVersion: string;
}

export interface InputRecord {
  /** Of a grid: the files of its dimensions. */
  readonly paths: readonly string[];
  /** Of a grid: its dimensions, in order, and how many values each has. */
  readonly grid?: readonly { readonly name: string; readonly values: number }[];
  readonly rows: number;
  readonly fingerprint: string;
}

export interface CoverageRecord {
  /** Rows of the grid. */
  readonly expected: number;
  /** Those that have a prediction. */
  readonly present: number;
  /** `present` by `expected`, 0 to 1. */
  readonly ratio: number;
  /** What the job asked for when the run was made. */
  readonly min: number;
}

export interface BatchLatency {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface PartRecord {
  /** Relative to the run's folder. */
  readonly file: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

export interface KvRecord {
  /** Without user name and password. */
  readonly url: string;
  readonly generation: string;
  readonly keys: number;
  readonly values: number;
  readonly bytes: number;
}

export interface Versions {
  readonly serveBatch: string;
  readonly node: string;
  readonly onnxruntime: string;
  readonly duckdb: string;
}

export interface Host {
  readonly cpus: number;
  readonly memoryBytes: number;
}

/** Commits a run: from here on it exists for readers of the folder. `_SUCCESS` is for those that look for it. */
export async function writeManifest(paths: RunPaths, record: RunRecord): Promise<void> {
  await writeFileDurably(paths.manifest, jsonText(record));
  await writeFileDurably(paths.success, '');
}

/** Undefined where the run is not committed. Throws `INPUT_UNREADABLE` where the manifest is damaged. */
export async function readManifest(paths: RunPaths): Promise<RunRecord | undefined> {
  const file = await readJsonFile(paths.manifest, runRecordSchema);
  if (file.state === 'valid') return file.value;
  if (file.state === 'missing') return undefined;
  throw new ServeBatchError(
    'INPUT_UNREADABLE',
    `The manifest ${paths.manifest} cannot be read (${file.reason}); expected a run record as serve-batch writes it. Start the run anew with --force.`,
    { fields: { file: paths.manifest } },
  );
}

/** Keeps why a run ended, for the history. It is continued all the same. */
export async function writeFailure(paths: RunPaths, record: RunRecord): Promise<void> {
  await makeFolder(paths.folder);
  await writeFileDurably(paths.failure, jsonText(record));
}

/** Forgets why an earlier attempt ended, once the run goes on. */
export async function clearFailure(paths: RunPaths): Promise<void> {
  await rm(paths.failure, { force: true });
}
