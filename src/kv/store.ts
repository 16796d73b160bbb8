import type { KvLayout } from '../core/plan.ts';

/**
 * Rows for the store, as bytes: nobody makes a string of each key, field and value. All rows of one key are
 * adjacent, also across batches; one stream of batches names a key in one place only. Valid for one step of
 * the stream.
 */
export interface KvBatch {
  /**
   * UTF-8 without anything between: a key, field and value of each of its rows, the next key, and so on.
   * The same key may stand there several times in a row.
   */
  readonly bytes: Buffer;
  readonly keys: number;
  readonly rows: number;
  /** Bytes of each key. */
  readonly keySizes: Uint32Array;
  /** Rows of each key. */
  readonly keyRows: Uint32Array;
  /** Bytes of each row's field. Null where the job has no `kv.field`: then every key has exactly one value. */
  readonly fieldSizes: Uint32Array | null;
  /** Bytes of each row's value: a number as text, a text, or JSON, as readers will get it. */
  readonly valueSizes: Uint32Array;
}

export interface StagedCounts {
  /** Keys that this shard wrote to. A key whose rows lie in two shards counts in both. */
  readonly keys: number;
  readonly values: number;
  /** Bytes of keys, fields and values as they were sent. */
  readonly bytes: number;
}

export interface GenerationCounts {
  /** Distinct keys that the store really holds. */
  readonly keys: number;
  /** Distinct (key, field) pairs that the store really holds. */
  readonly values: number;
}

/** What a reader is told of the predictions it gets; stored beside them. */
export interface GenerationInfo {
  readonly runId: string;
  /** When the run was planned, ISO 8601. */
  readonly createdAt: string;
  /** File name of the model. */
  readonly model: string;
  readonly modelSha256: string;
  /** Templates of key and field, so that a reader can fill them. */
  readonly key: string;
  readonly field: string | null;
  /** The columns that make the value. One: plain text or number. Several: a JSON object. */
  readonly values: readonly string[];
  /** What a value is: the text of a number, a text as it is, or JSON (several columns, a list, a boolean). */
  readonly valueKind: 'number' | 'text' | 'json';
  /** DuckDB's types of the columns of key, field and values. Generations of earlier versions do not say. */
  readonly columnTypes?: Readonly<Record<string, string>>;
}

/** A second generation that some keys are answered from, beside the published one: `keySide` says which keys. */
export interface Canary {
  readonly generation: string;
  /** Of the keys: more than 0, less than 1. */
  readonly share: number;
}

/** What readers see. */
export interface Shown {
  /** The published generation. */
  readonly generation: string;
  /** Null: all keys are answered from the published generation. */
  readonly canary: Canary | null;
}

/** Proof that the caller still holds the job's lock: a larger token of one lineage wins over a smaller. */
export interface Fence {
  /** Identifies the output folder that hands out the tokens. */
  readonly lineage: string;
  readonly token: number;
}

/** What readers see, and under which token it was published. */
export interface Flip {
  readonly generation: string;
  /** Null where it was published by an earlier version, which did not say. */
  readonly fence: Fence | null;
}

/**
 * What a store says of a job without any of its predictions being touched.
 *
 * Every method of a store throws `STORE_UNAVAILABLE` (host and port, never the password) where the store does
 * not answer, and `STORE_REFUSED` where it refuses the login, the command or the write.
 */
export interface StorePointer {
  /** Without user name and password. */
  readonly url: string;
  /** Whether it may drop single values by itself: a server whose memory has a limit does so where it was told to. */
  readonly mayEvict: boolean;
  /** The published generation. */
  current(): Promise<string | undefined>;
  /** The published generation and the canary beside it, as one publication left them. */
  shown(): Promise<Shown | undefined>;
  /** The last flip of the pointer; undefined where nothing is published. */
  lastFlip(): Promise<Flip | undefined>;
  generations(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/**
 * What is asked of a store around the loading: before it, to verify, to publish and to clear away. Commands that
 * go on for long have it done in a worker: a full disk under LMDB may end the process that writes.
 */
export interface ManagedStore extends StorePointer {
  /** Answers when the store can be reached and takes everything that loading and publishing will ask of it. */
  ping(): Promise<void>;
  /**
   * Says who holds the job's lock now, before anything is loaded: from here on, whoever held it before can
   * neither publish nor drop. Throws `FENCED` where a newer token was here.
   */
  claim(fence: Fence): Promise<void>;
  /**
   * Makes a generation begin as a copy of another one, before anything is staged into it: what was staged before is
   * forgotten. Idempotent: one that began so stays as it is. False, with nothing changed, where the store does not
   * hold the other one in that layout. A time to live goes on from what is left of it. Throws `FENCED`.
   */
  extend(generation: string, base: GenerationCopy, fence: Fence): Promise<boolean>;
  /** The shards that are marked as staged, by index. Marks live in the store, and die with its data. */
  stagedShards(generation: string): Promise<ReadonlyMap<number, StagedCounts>>;
  /** Writes what readers are told; replaces what was there. Throws `FENCED`. */
  describe(generation: string, info: GenerationInfo, fence: Fence): Promise<void>;
  /** Counts what the store really holds by visiting it; and makes it durable where the store can. */
  count(generation: string): Promise<GenerationCounts>;
  /**
   * Makes readers see `generation`, in one step, and some of the keys in `canary` where one is given: without it, a
   * canary that was there ends. Throws `FENCED` where a newer token was here.
   */
  publish(generation: string, fence: Fence, canary?: Canary): Promise<void>;
  /** Makes readers see nothing, in one step. Throws `FENCED` where a newer token was here. */
  withdraw(fence: Fence): Promise<void>;
  /**
   * Deletes a generation that readers do not see. Throws `USAGE` for the published one and the canary, and `FENCED` where a newer
   * token was here: both are looked at in one step with each deletion.
   */
  drop(generation: string, fence: Fence): Promise<void>;
  getMany(generation: string, keys: readonly ValueAddress[]): Promise<readonly (string | undefined)[]>;
}

/** The generation that another one begins as a copy of. */
export interface GenerationCopy {
  readonly of: string;
  /** Of the new one. Stores that have one layout only ignore it. */
  readonly layout: KvLayout;
}

/** One value: a key, and a field, null where the job has none. */
export interface ValueAddress {
  readonly key: string;
  readonly field: string | null;
}

/**
 * A store of one job's predictions, in generations. A generation is one complete version of the job's
 * keys, named after its run. Readers see only the one that the pointer names.
 */
export interface KvStore extends ManagedStore {
  /**
   * Writes one shard of a generation. Idempotent: staging a shard again, after any failure and from any
   * process, ends with the same content. At its end the shard is marked as staged.
   *
   * Throws `FENCED` once a newer token is here: then nothing that it still writes changes what a reader can see, now or
   * later.
   */
  stage(request: StageRequest): Promise<StagedCounts>;
  info(generation: string): Promise<GenerationInfo | undefined>;
  /** Values of one key of one generation; `field` is null where the job has none. */
  get(generation: string, key: string, field: string | null): Promise<string | undefined>;
  /** As `get`, without a promise. Left out by stores that have to wait for another process. */
  getAtOnce?(generation: string, key: string, field: string | null): string | undefined;
  /** All fields of one key, sorted by field (code unit order). */
  getSeries(generation: string, key: string): Promise<ReadonlyMap<string, string> | undefined>;
  /**
   * Gives back pages of files that were touched, which count as memory of this process. To be called between loads,
   * while no other process opens the same files. Left out by stores that map none.
   */
  unmap?(): Promise<void>;
}

export interface StageRequest {
  readonly generation: string;
  /** The same for all shards of a generation. Stores that have one layout only ignore it. */
  readonly layout: KvLayout;
  readonly shard: number;
  /** Each call begins anew: a shard is staged from its beginning where another server takes over in the middle. */
  readonly batches: () => AsyncIterable<KvBatch>;
  /** Seconds that the values live, counted from now; null: until dropped. Staging again renews it. */
  readonly ttlSeconds: number | null;
  readonly signal: AbortSignal;
  /** Under which the values are written. */
  readonly fence: Fence;
}
