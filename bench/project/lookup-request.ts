/** What the program that measures lookups is told, as JSON in its first argument. */
export interface LookupRequest {
  /** The built library. */
  readonly library: string;
  readonly url: string;
  /** Rows of the table that is published. */
  readonly rows: number;
  readonly lookups: number;
}

/** Microseconds of one question, asked one at a time. */
export interface LookupTimes {
  readonly p50: number;
  readonly p99: number;
}

export interface LookupAnswer {
  readonly lookups: number;
  readonly wallSeconds: number;
  readonly library: LookupTimes;
  /** Of a bare HGET through ioredis; null where the store is not Redis. */
  readonly bare: LookupTimes | null;
}
