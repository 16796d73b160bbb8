/** A value of a key column. A `Date` at midnight UTC is a day, any other a timestamp. */
export type ColumnValue = string | number | bigint | Date;
export type Columns = Readonly<Record<string, ColumnValue>>;

/**
 * A number or a text where the job's one value is that; else what the JSON says: an object of column names
 * and values where there are several, a list, a boolean. In JSON, NaN and the infinities are null.
 */
export type PredictionValue =
  | number
  | string
  | boolean
  | null
  | readonly unknown[]
  | Readonly<Record<string, unknown>>;

export interface LookupOptions {
  readonly job: string;
  /** `lmdb:PATH`, `redis://...` or `rediss://...`. */
  readonly url: string;
  /** Milliseconds for which a newly published run may go unnoticed; 1000 by default. */
  readonly refreshMs?: number;
}

/** Two generations that keys are answered from: which one, a hash of the key says. */
export interface CanaryNote {
  readonly published: string;
  readonly canary: string;
  /** Of the keys, those of the canary: more than 0, less than 1. */
  readonly share: number;
}

/** Where a prediction comes from. */
export interface Origin {
  readonly run: string;
  /** When the run was planned, ISO 8601. */
  readonly createdAt: string;
  /** File name of the model. */
  readonly model: string;
  /** Both runs that keys are answered from at present: `run` is the one that answers for this key. Left out: there is one. */
  readonly canary?: CanaryNote;
}

export interface Prediction extends Origin {
  readonly value: PredictionValue;
}

export interface Series extends Origin {
  /** By field (a date, mostly), sorted. */
  readonly values: ReadonlyMap<string, PredictionValue>;
}

/** What is published. */
export interface Published {
  readonly generation: string;
  readonly runId: string;
  /** When the run was planned, ISO 8601. */
  readonly createdAt: string;
  readonly model: string;
  readonly modelSha256: string;
  /** Templates of key and field: `{store}:{product}`. */
  readonly key: string;
  readonly field: string | null;
  /** The columns that make the value. */
  readonly values: readonly string[];
  readonly valueKind: 'number' | 'text' | 'json';
  /** Left out where no canary runs: then this generation answers for all keys. */
  readonly canary?: CanaryNote;
}

/**
 * Answers user requests from the published run, or for the keys of a canary from its run. The answer for a key comes
 * from one run, also while another is being published. Every method throws a {@link ServeBatchError}: `NOT_FOUND` while nothing is published, `USAGE` for
 * columns that do not fit the key, `STORE_UNAVAILABLE`, `STORE_REFUSED` or `STORE_INCOMPLETE` where the store fails.
 */
export interface Lookup {
  /** The prediction of a key, and of a field where the job has one; undefined where there is none. */
  get(columns: Columns): Promise<Prediction | undefined>;
  /** Many at once, in the order asked for, all from the same run, unless a canary is on: then each key from its own. */
  getMany(list: readonly Columns[]): Promise<readonly (Prediction | undefined)[]>;
  /** All fields of a key; undefined where there are none. */
  series(columns: Columns): Promise<Series | undefined>;
  info(): Promise<Published>;
  close(): Promise<void>;
}

/** Opens a job's predictions for reading. Nothing is connected before the first question. */
export function createLookup(options: LookupOptions): Lookup;

/** Everything that fails on purpose. */
export class ServeBatchError extends Error {
  /** `NOT_FOUND`, `USAGE`, `STORE_UNAVAILABLE` and so on: stable, for programs to compare. */
  readonly code: string;
  /** What the message says, for programs. */
  readonly fields: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  /** Whether the same call may succeed a little later. */
  readonly retryable: boolean;
}
