/** What the plain pipeline is told, as JSON in its first argument. */
export interface PlainRequest {
  /** Parquet as parquetjs-lite can read it, or CSV. */
  readonly table: string;
  readonly model: string;
  readonly redisUrl: string;
}
