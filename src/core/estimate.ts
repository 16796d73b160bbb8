/** What a run is expected to take and to make, before it is computed. */
export interface Estimate {
  /** Earlier runs of the job with the same model, or rows that were scored for it. */
  readonly basis:
    | { readonly kind: 'runs'; readonly runs: number; readonly newest: string }
    | { readonly kind: 'sample'; readonly rows: number };
  /** From the start of the command to the end. */
  readonly seconds: number;
  /** Bytes of all parts. */
  readonly partBytes: number;
  /** Of the generation; null: no store. */
  readonly store: {
    /** Bytes of keys, fields and values, as the run's record counts them. */
    readonly bytes: number;
    /** Bytes that it takes up in the store: memory of Redis, the file of LMDB. */
    readonly held: number;
  } | null;
  /** Share by which the figures may be off either way. */
  readonly within: number;
}

/** What scoring some rows took and made. */
export interface SampleCost {
  readonly rows: number;
  readonly rowsOut: number;
  /** Of one worker, for a shard of any size. */
  readonly shardSeconds: number;
  /** Of one worker, for each row of it. */
  readonly rowSeconds: number;
  readonly partBytes: number;
  /** Null: no store. */
  readonly store: {
    readonly keys: number;
    readonly values: number;
    readonly bytes: number;
    /** Of one worker, for making keys and values; the store's own work is not in it. */
    readonly seconds: number;
  } | null;
}
