import type { IntervalsPlan } from './accuracy.ts';
import type { EngineChoice, EnginePlan } from './engine.ts';
import type { IncrementalPlan } from './incremental.ts';
import type { DeviceChoice, DeviceOptions, DevicePlan } from './machine/device.ts';
import type { ElementType, ModelSignature } from './model.ts';
import type { Column, NamedTable, ResolvedInput } from './table.ts';

/**
 * What a run will do, decided before anything is computed. Immutable once written as `plan.json`.
 *
 * It holds everything that decides the bytes of the parts, and nothing that does not: the number of
 * processes is not in it.
 */
export interface Plan {
  readonly formatVersion: 1;
  readonly runId: string;
  readonly job: string;
  readonly createdAt: string;
  readonly identity: RunIdentity;
  /** What it was planned with: others might compute other bits. Plans of earlier versions do not say. */
  readonly versions?: PlanVersions;
  /** Absolute: what paths in it are relative to. Plans of earlier versions do not say. */
  readonly workingFolder?: string;
  readonly input: ResolvedInput;
  readonly features: FeaturesPlan;
  readonly model: ModelPlan;
  readonly output: OutputPlan;
  readonly kv: KvPlan | null;
  /** Bounds that stand beside the predictions. Left out: there are none. */
  readonly intervals?: IntervalsPlan;
  /** Of an input that grows: what of it the run takes. Null: all. */
  readonly incremental: IncrementalPlan | null;
  readonly onInvalid: InvalidRowPolicy;
  /**
   * Rows of one model call, at most. Part of the plan, since batch boundaries may decide the last bits of
   * results: a run that is continued keeps the number, whatever would be measured now.
   */
  readonly batchSize: number;
  /** Threads of one inference call, in every child. */
  readonly threads: number;
  /** Where the model is computed, in every child: a run that is continued elsewhere needs the same. */
  readonly device: DevicePlan;
  /** What computes the model there, in every child. */
  readonly engine: EnginePlan;
  readonly shards: readonly ShardPlan[];
}

/** The versions that decide the bytes of the parts. */
export interface PlanVersions {
  readonly serveBatch: string;
  readonly onnxruntime: string;
  readonly duckdb: string;
}

/** A plan before it is written: its device and its engine have still to be chosen, and its batch size to be measured. */
export interface DraftPlan extends Omit<Plan, 'batchSize' | 'device' | 'engine'> {
  readonly batchSize: BatchSize;
  readonly device: { readonly name: DeviceChoice; readonly options: DeviceOptions };
  readonly engine: EngineChoice;
}

/** A draft whose engine is chosen: what a dry run shows. */
export interface DraftOnEngine extends Omit<DraftPlan, 'engine'> {
  readonly engine: EnginePlan;
}

/** A draft whose device and engine are chosen. */
export interface PlanOnDevice extends Omit<Plan, 'batchSize'> {
  readonly batchSize: BatchSize;
}

/** Rows of one model call; `auto`: the program finds them. */
export type BatchSize = number | 'auto';

/** Two runs with the same identity compute the same bytes. */
export interface RunIdentity {
  readonly inputFingerprint: string;
  readonly modelSha256: string;
  readonly specSha256: string;
  /** The scheduled instant that the run is for, ISO 8601 in UTC; null: none. */
  readonly occurrence: string | null;
  /** Of an input that grows: where the run starts in it. Null: the run takes the whole input. */
  readonly window: string | null;
}

/** A contiguous range of the input's rows. */
export interface ShardPlan {
  readonly index: number;
  readonly rowStart: number;
  /** Exclusive. */
  readonly rowEnd: number;
}

export interface FeaturesPlan {
  /** The user's SELECT over `input`, or null where the model's columns stand in the input itself. */
  readonly select: SelectPlan | null;
  /** Whether the SQL of the job may read files that the job does not name. Left out: it may not. */
  readonly externalAccess?: true;
  readonly bindings: readonly InputBinding[];
}

export interface SelectPlan {
  /** The SELECT as it is run: the user's text with the row number and the kept columns added. */
  readonly sql: string;
  /** Whether the rows must be sorted by input row: a join may change their order. */
  readonly sort: boolean;
  /**
   * Whether the rows are copied before they are used, since there may be more or fewer than in the input.
   * Otherwise they are made twice: for the model, and for the part.
   */
  readonly copy: boolean;
  /** Its columns, without the row number. */
  readonly columns: readonly Column[];
  /** Columns of the input that it has unchanged, among those whose texts the staged copy has. */
  readonly passedOn: readonly string[];
  /** Tables that the SELECT joins with. */
  readonly tables: readonly NamedTable[];
}

/** Which columns fill one model input, in order, and what they are cast to. */
export interface InputBinding {
  readonly input: string;
  readonly elementType: ElementType;
  readonly columns: readonly string[];
  /** Dimensions after the batch dimension; empty for a `[rows]` input. Their product is `columns.length`. */
  readonly rowShape: readonly number[];
  /** Rows that the model wants in every call, where its batch dimension is fixed. */
  readonly fixedRows: number | null;
}

export interface ModelPlan {
  readonly path: string;
  readonly sha256: string;
  readonly signature: ModelSignature;
  /** Which promises do not hold for it, as a trial showed: sentences without a full stop. */
  readonly warnings: readonly string[];
}

export interface OutputPlan {
  /** Columns kept from the input, in order: key columns first. */
  readonly keptColumns: readonly Column[];
  readonly predictions: readonly PredictionBinding[];
  readonly compression: Compression;
}

export const COMPRESSIONS = ['zstd', 'snappy', 'gzip', 'none'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** How one model output becomes columns of the part. */
export interface PredictionBinding {
  readonly output: string;
  readonly elementType: ElementType;
  /** Values a row: 1 for a scalar output. */
  readonly width: number;
  /** `scalar`: one column; `list`: one LIST column; `columns`: `width` columns. */
  readonly shape: 'scalar' | 'list' | 'columns';
  readonly columns: readonly string[];
  /** What the values of a row are the scores of, where they are those of classes. */
  readonly labels?: readonly string[];
  /** The value is the label of a class, whatever its type. */
  readonly isLabel?: true;
}

/** How Redis holds the fields of a key: as a hash of them, or as one string. LMDB has a layout of its own. */
export const KV_LAYOUTS = ['hash', 'packed'] as const;
export type KvLayout = (typeof KV_LAYOUTS)[number];

export interface KvPlan {
  /** Without user name and password: those come from the job or the environment when it is opened. */
  readonly url: string;
  readonly key: string;
  readonly field: string | null;
  /** Columns of the part that make the value: one is a plain number or text, several are JSON. */
  readonly values: readonly string[];
  readonly ttlSeconds: number | null;
  readonly keepGenerations: number;
  readonly layout: KvLayout;
  readonly duplicates: KvDuplicates;
  /** Of an incremental job: the run whose generation this one goes on from. Left out: it begins empty. */
  readonly extends?: ExtendedRun;
  /**
   * How many slices of the keys the store is loaded in, once all parts are there: rows of a key lie in many shards.
   * Left out: it is loaded shard by shard. There are never more than shards.
   */
  readonly slices?: number;
}

export interface ExtendedRun {
  readonly runId: string;
  /** The number that this run's first shard has in the store: those before it are of the runs that it goes on from. */
  readonly firstShard: number;
}

/** The numbers of what the store is loaded in, from 0: slices of the keys, or shards. */
export function loadsOf({ kv, shards }: Pick<Plan, 'kv' | 'shards'>): number[] {
  const { length } = shards;
  return Array.from({ length: kv?.slices ?? length }, (_, index) => index);
}

/** The number that a shard or a slice of the run has in the store. */
export function shardInStore({ extends: base }: Pick<KvPlan, 'extends'>, shard: number): number {
  return (base?.firstShard ?? 0) + shard;
}

/** Rows that share key and field: they keep the run from its readers, or the last of the input wins. */
export const KV_DUPLICATES = ['error', 'last'] as const;
export type KvDuplicates = (typeof KV_DUPLICATES)[number];

export interface InvalidRowPolicy {
  readonly action: 'fail' | 'reject';
  /** Rejects a run may have; with `maxShare`, of all rows. Null: no limit. */
  readonly maxRows: number | null;
  readonly maxShare: number | null;
}
