import type { DeviceChoice, DeviceOptions } from '../core/device.ts';
import type { BatchSize, Compression, InvalidRowPolicy, KvLayout } from '../core/plan.ts';
import type { Template } from '../core/template.ts';
import type { InputOptions } from '../source/formats/input-options.ts';
import type { GridSpec } from '../source/grid/grid-spec.ts';
import type { IncrementalSpec } from './incremental-spec.ts';
import type { NotifySpec, ScheduleSpec } from './schedule-spec.ts';

/**
 * A job as the rest of the program sees it: checked, with its defaults, its paths absolute and its
 * variables filled. `jobs/NAME.yaml` may say the same in shorter forms (see job-schema.ts).
 */
export interface JobSpec {
  readonly name: string;
  readonly description: string | null;
  /** Whether `run` without a name means this job. */
  readonly isDefault: boolean;
  /** What `{{ params.NAME }}` stands for in the texts of the job. */
  readonly params: Readonly<Record<string, string>>;
  /** The scheduled instant that the run is for, ISO 8601 in UTC. Null: none, or the job is not bound yet. */
  readonly occurrence: string | null;
  readonly input: InputSpec;
  readonly features: FeaturesSpec;
  readonly model: ModelSpec;
  readonly output: OutputSpec;
  /** Null: the predictions go to no store. */
  readonly kv: KvSpec | null;
  readonly execution: ExecutionSpec;
  readonly onInvalid: InvalidRowPolicy;
  /** Of a grid: what must be there before a run is published. */
  readonly coverage: CoverageSpec;
  /** Null: it runs only when asked. */
  readonly schedule: ScheduleSpec | null;
  /** Null: nobody is told. */
  readonly notify: NotifySpec | null;
  /** Fetched after each success. May hold a secret: mask before showing. Null: none. */
  readonly heartbeat: string | null;
}

export interface CoverageSpec {
  /** The least share of the grid's rows that has a prediction, 0 to 1. */
  readonly min: number;
}

/** Where `format` is left out, the endings of the files say it. */
export interface InputSpec extends InputOptions {
  /** Files, globs or folders; `-` is CSV on standard input. Empty: `--input` has to name them. */
  readonly paths: readonly string[];
  /** Null: the input is a table. Otherwise there are no paths. */
  readonly grid: GridSpec | null;
  /** Null: a run takes the whole input. Otherwise there is no store, and no single output file. */
  readonly incremental: IncrementalSpec | null;
}

export interface FeaturesSpec {
  /** The columns of the one matrix input, in order; or of each input by its name. Null: found by name. */
  readonly columns: readonly string[] | Readonly<Record<string, readonly string[]>> | null;
  /** A SELECT over the table `input`. Null: the model's columns stand in the input itself. */
  readonly select: string | null;
  /** Files that the SELECT joins with, by the name it uses. */
  readonly tables: Readonly<Record<string, string>>;
}

export interface ModelSpec {
  readonly path: string;
  /** Names of the outputs that become predictions. Null: all that are tensors. */
  readonly outputs: readonly string[] | null;
}

export interface OutputSpec {
  readonly path: string;
  /** `file`: one Parquet file, since the name ends in `.parquet`. */
  readonly kind: 'folder' | 'file';
  /** Input columns kept beside the predictions, besides those of key and field. `'*'`: all. */
  readonly columns: readonly string[] | '*';
  /** Names of prediction columns, by the model's name of the output. */
  readonly rename: Readonly<Record<string, string>>;
  /** What a `[rows, k]` output becomes: one list column, or k columns `name_0` to `name_k-1`. */
  readonly vectors: 'list' | 'columns';
  readonly compression: Compression;
}

export interface KvSpec {
  /** May hold a password: mask before showing. Null: LMDB inside the job's output folder. */
  readonly url: string | null;
  readonly key: Template;
  /** Null: a key has one value. */
  readonly field: Template | null;
  /** Columns of the part that make the value. Null: all predictions. */
  readonly values: readonly string[] | null;
  /** Null: values live until their generation is dropped. */
  readonly ttlSeconds: number | null;
  /** Generations kept, the published one included; at least 1. */
  readonly keepGenerations: number;
  /** Of Redis; LMDB has one of its own. `packed` only where there is a field. */
  readonly layout: KvLayout;
}

export interface ExecutionSpec {
  /** Child processes. Null: one per core. */
  readonly processes: number | null;
  /** Input rows of a shard. Null: the planner chooses. */
  readonly shardRows: number | null;
  /** Rows of one model call; a fixed batch dimension of the model goes before it. */
  readonly batchSize: BatchSize;
  /** Threads of one model call. */
  readonly threads: number;
  readonly device: DeviceChoice;
  /** As onnxruntime-node takes them; none where the device is `auto`. */
  readonly deviceOptions: DeviceOptions;
  /** How often a shard is tried again after it failed. */
  readonly retries: number;
  /** What DuckDB may use in each child. Null: the program chooses. */
  readonly memoryLimitBytes: number | null;
}

export const DEFAULT_OUTPUT_PATH = 'out';
export const DEFAULT_KEEP_GENERATIONS = 2;
export const DEFAULT_KV_LAYOUT: KvLayout = 'hash';
export const DEFAULT_EXECUTION: ExecutionSpec = {
  processes: null,
  shardRows: null,
  batchSize: 'auto',
  threads: 1,
  device: 'auto',
  deviceOptions: {},
  retries: 2,
  memoryLimitBytes: null,
};

export const DEFAULT_COVERAGE: CoverageSpec = { min: 1 };

export function outputKind(path: string): OutputSpec['kind'] {
  return /\.parquet$/i.test(path) ? 'file' : 'folder';
}
