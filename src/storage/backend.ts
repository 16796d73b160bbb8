import type { ObjectHead, ObjectInfo } from './object-storage.ts';
import type { StorageFailure } from './storage-errors.ts';

/**
 * What differs between object storages: single requests, over an SDK that does not repeat them. Keys are whole, as in
 * the bucket. `RemoteStorage` makes an `ObjectStorage` of it.
 *
 * Requests throw what the SDK throws; {@link failure} says what it means.
 */
export interface Backend {
  /** Where credentials come from, for messages: `AWS_ACCESS_KEY_ID, ~/.aws or the role of the machine`. */
  readonly credentials: string;

  get(request: GetRequest, signal: AbortSignal): Promise<Answer>;
  head(key: string, signal: AbortSignal): Promise<HeadAnswer>;
  listPage(request: ListRequest, signal: AbortSignal): Promise<ListPage>;
  put(key: string, content: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Streams a file of any size. `alive` is called whenever a piece went out. */
  putFile(key: string, path: string, watch: Watch): Promise<void>;
  /** Fails with `condition` where the key is there. The nonce goes with the object, see {@link HeadAnswer}. */
  create(key: string, content: Uint8Array, nonce: string, signal: AbortSignal): Promise<void>;
  delete(key: string, signal: AbortSignal): Promise<void>;
  failure(error: unknown): StorageFailure;
  close(): void;
}

/** Aborts when the request is to end; `alive` says that it goes on. */
export interface Watch {
  readonly signal: AbortSignal;
  readonly alive: () => void;
}

export interface GetRequest {
  readonly key: string;
  /** Left out: the whole object. */
  readonly range?: { readonly start: number; readonly end: number; readonly version: string };
}

export interface Answer {
  readonly head: ObjectHead;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface HeadAnswer extends ObjectHead {
  /** The nonce of the `create` that wrote the object; undefined: written otherwise. */
  readonly nonce: string | undefined;
}

export interface ListRequest {
  readonly prefix: string;
  /** Whether what lies below a further `/` is listed as a folder. */
  readonly isFolder: boolean;
  /** Of the page before; undefined: the first. */
  readonly next: string | undefined;
}

export interface ListPage {
  readonly objects: readonly ObjectInfo[];
  readonly folders: readonly string[];
  readonly next: string | undefined;
}

/** The name under which a nonce is kept with an object. */
export const NONCE = 'servebatchnonce';
