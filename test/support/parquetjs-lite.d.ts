/** The part of parquetjs-lite that the tests use; it brings no types. */
declare module 'parquetjs-lite' {
  interface ParquetCursor {
    next(): Promise<Record<string, unknown> | null>;
  }
  export const ParquetReader: {
    openFile(path: string): Promise<{
      readonly schema: { readonly fields: Readonly<Record<string, unknown>> };
      getCursor(): ParquetCursor;
      close(): Promise<void>;
    }>;
  };
}

declare module 'parquetjs-lite/lib/compression.js' {
  export const PARQUET_COMPRESSION_METHODS: Record<
    string,
    { readonly deflate: (data: Buffer) => Buffer; readonly inflate: (data: Buffer) => Buffer }
  >;
}
