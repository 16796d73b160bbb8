/** What a worker of the limit "inference alone" loads, as JSON in its first argument. */
export interface InferenceRequest {
  readonly model: string;
  /** Parquet with the columns of the sales table. */
  readonly table: string;
  readonly rowStart: number;
  /** Exclusive. */
  readonly rowEnd: number;
  /** Features of a row. */
  readonly columns: number;
  /**
   * `real`: the rows of the table. `random`: as many rows, each feature evenly spread between its least
   * and greatest value. `repeated`: the first 64 rows again and again.
   */
  readonly values: FeatureValues;
}

export type FeatureValues = 'real' | 'random' | 'repeated';

/** Score the first `rows` rows (null: all) in batches of `batchRows`. */
export interface WorkerOrder {
  readonly rows: number | null;
  readonly batchRows: number;
}

/** Instants are milliseconds of the monotonic clock, which all processes of a machine share. */
export interface WorkerAnswer {
  readonly startMs: number;
  readonly endMs: number;
  readonly cpuSeconds: number;
  readonly rows: number;
}
