/** What the plain pipeline is told, as JSON in its first argument. */
export interface PlainRequest {
  /** Parquet with a codec that parquetjs-lite has, or CSV. */
  readonly table: string;
  readonly model: string;
  readonly redisUrl: string;
}
