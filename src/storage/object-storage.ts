/**
 * Objects named by key, wherever they lie: a folder, S3, GCS or Azure. The one thing that serve-batch knows of a
 * bucket.
 *
 * A key is relative to the address that was opened, with `/` between its parts: `runs/20261121T000000Z-k3x9/plan.json`.
 * Every method tries again what may pass (a bounded number of times, each with a deadline), ends when its signal
 * aborts, with the signal's reason, and throws a `ServeBatchError` that names the address: `STORAGE_UNAVAILABLE`,
 * `STORAGE_REFUSED`, `CREDENTIALS_EXPIRED` or `BUCKET_NOT_FOUND`.
 */
export interface ObjectStorage {
  /** As it was given, without a `/` at its end: `s3://bucket/prefix`. Holds no secret. */
  readonly address: string;

  /** `s3://bucket/prefix/key`, for messages. */
  addressOf(key: string): string;

  /** A whole object, for small ones; null: there is none of that key. */
  read(key: string, options?: RequestOptions): Promise<StoredObject | null>;

  /** Bytes `start` to `end` (exclusive) of one version of an object; null: it is gone, or has another version now. */
  readRange(key: string, range: ByteRange, options?: RequestOptions): Promise<Uint8Array | null>;

  /** What an object looks like now; null: there is none of that key. */
  head(key: string, options?: RequestOptions): Promise<ObjectHead | null>;

  /** All objects whose keys start with `prefix`, by key, page after page. */
  list(prefix: string, options?: RequestOptions): AsyncIterable<ObjectInfo>;

  /** What stands directly below a folder; `''`: below the address. Of what lies deeper only the folders' names. */
  listFolder(folder: string, options?: RequestOptions): Promise<FolderListing>;

  /** Writes an object, whatever was there. It appears at once and complete. */
  put(key: string, content: Uint8Array | LocalFile, options?: RequestOptions): Promise<void>;

  /**
   * Writes an object unless one of that key is there: of several that try, exactly one gets `won`, whether or not its
   * request had to be repeated.
   */
  create(key: string, content: Uint8Array, options?: RequestOptions): Promise<'won' | 'lost'>;

  /** Removes an object; it is no error where there is none. */
  delete(key: string, options?: RequestOptions): Promise<void>;

  /** Ends the connections. */
  close(): void;
}

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ByteRange {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** {@link ObjectInfo.version} of the object that is meant. */
  readonly version: string;
}

export interface ObjectInfo {
  readonly key: string;
  readonly bytes: number;
  /** Changes whenever the content does: an ETag, or the number of a generation. */
  readonly version: string;
  readonly modifiedMs: number;
}

export interface ObjectHead extends ObjectInfo {
  /** When the storage answered, by its own clock: the age of an object is this less `modifiedMs`. */
  readonly serverTimeMs: number;
}

export interface StoredObject extends ObjectHead {
  readonly content: Uint8Array;
}

export interface FolderListing {
  readonly objects: readonly ObjectInfo[];
  /** Keys with a `/` at their end. */
  readonly folders: readonly string[];
}

/** A file on this machine that is to be stored. */
export interface LocalFile {
  readonly path: string;
}
