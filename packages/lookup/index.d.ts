/** A value of a key column. A `Date` at midnight UTC is a day, any other a timestamp. */
export type ColumnValue = string | number | bigint | Date;
export type Columns = Readonly<Record<string, ColumnValue>>;

/**
 * A number or a text if the job stores one such value. Otherwise the value of the JSON: an object with column names
 * and values if there are several, a list, or a boolean. In JSON, NaN and the infinities are null.
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
  /** How long a newly published run may go unnoticed, in milliseconds. Default: 1000. */
  readonly refreshMs?: number;
}

/** The two generations that answer for keys. A hash of the key decides which one. */
export interface CanaryNote {
  readonly published: string;
  readonly canary: string;
  /** The share of keys that the canary answers for: more than 0, less than 1. */
  readonly share: number;
}

/** Where a prediction comes from. */
export interface Origin {
  readonly run: string;
  /** When the run was planned, ISO 8601. */
  readonly createdAt: string;
  /** File name of the model. */
  readonly model: string;
  /** While there is a canary: both runs that answer for keys. `run` is the one that answers for this key. */
  readonly canary?: CanaryNote;
}

export interface Prediction extends Origin {
  readonly value: PredictionValue;
}

export interface Series extends Origin {
  /** By field (usually a date), sorted. */
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
  /** The columns that make up the value. */
  readonly values: readonly string[];
  readonly valueKind: 'number' | 'text' | 'json';
  /** Absent if there is no canary: then this generation answers for all keys. */
  readonly canary?: CanaryNote;
}

/**
 * Answers user requests from the published run or, for the keys of a canary, from the canary's run. The answer for a
 * key always comes from one run, even while another run is being published. Every method throws a
 * {@link ServeBatchError}: `NOT_FOUND` if nothing is published, `USAGE` if the columns do not fit the key, and
 * `STORE_UNAVAILABLE`, `STORE_REFUSED` or `STORE_INCOMPLETE` if the store fails.
 */
export interface Lookup {
  /** The prediction for a key (and a field, if the job has one), or undefined if there is none. */
  get(columns: Columns): Promise<Prediction | undefined>;
  /** Many predictions, in the order of the list. All come from one run or, while there is a canary, each key from its own. */
  getMany(list: readonly Columns[]): Promise<readonly (Prediction | undefined)[]>;
  /** All fields of a key, or undefined if there are none. */
  series(columns: Columns): Promise<Series | undefined>;
  info(): Promise<Published>;
  close(): Promise<void>;
}

/** Opens a job's predictions for reading. It connects to the store at the first request. */
export function createLookup(options: LookupOptions): Lookup;

/** Every expected failure. */
export class ServeBatchError extends Error {
  /** `NOT_FOUND`, `USAGE`, `STORE_UNAVAILABLE` and so on: stable, for programs to compare. */
  readonly code: string;
  /** What the message says, for programs. */
  readonly fields: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  /** Whether the same call may succeed a little later. */
  readonly retryable: boolean;
}
