import { randomUUID } from 'node:crypto';
import { ServeBatchError } from '../core/errors.ts';
import type { Answer, Backend, Watch } from './backend.ts';
import type {
  ByteRange,
  FolderListing,
  LocalFile,
  ObjectHead,
  ObjectInfo,
  ObjectStorage,
  RequestOptions,
  StoredObject,
} from './object-storage.ts';
import { DeadlineError, type RequestPolicy, withRetries } from './request-policy.ts';
import { formatStorageAddress, type StorageAddress } from './storage-address.ts';
import { RequestFailure, reasonOf, type StorageFailure, storageError } from './storage-errors.ts';

/** An {@link ObjectStorage} over a {@link Backend}: keys below a prefix, deadlines, retries and errors. */
export class RemoteStorage implements ObjectStorage {
  readonly address: string;
  readonly #place: StorageAddress;
  readonly #backend: Backend;
  readonly #policy: RequestPolicy;

  constructor(place: StorageAddress, backend: Backend, policy: RequestPolicy) {
    this.address = formatStorageAddress(place);
    this.#place = place;
    this.#backend = backend;
    this.#policy = policy;
  }

  addressOf(key: string): string {
    return formatStorageAddress({ ...this.#place, key: this.#whole(key) });
  }

  async read(key: string, options?: RequestOptions): Promise<StoredObject | null> {
    return this.#orNull(`read ${this.addressOf(key)}`, options, async (watch) => {
      const answer = await this.#backend.get({ key: this.#whole(key) }, watch.signal);
      return { ...this.#own(answer.head), content: await collect(answer, answer.head.bytes, watch) };
    });
  }

  async readRange(key: string, range: ByteRange, options?: RequestOptions): Promise<Uint8Array | null> {
    const { start, end, version } = range;
    if (start >= end) return new Uint8Array(0);
    return this.#orNull(`read ${this.addressOf(key)}`, options, async (watch) => {
      const answer = await this.#backend.get({ key: this.#whole(key), range }, watch.signal);
      // A server that ignores the condition answers with the new version.
      if (answer.head.version !== version) throw new RequestFailure('condition', 'another version');
      return collect(answer, end - start, watch);
    });
  }

  async head(key: string, options?: RequestOptions): Promise<ObjectHead | null> {
    return this.#orNull(`look at ${this.addressOf(key)}`, options, async ({ signal }) => {
      const { nonce: _, ...head } = await this.#backend.head(this.#whole(key), signal);
      return this.#own(head);
    });
  }

  async *list(prefix: string, options?: RequestOptions): AsyncIterable<ObjectInfo> {
    let next: string | undefined;
    do {
      const page = await this.#page(prefix, false, next, options);
      for (const object of page.objects) yield this.#own(object);
      next = page.next;
    } while (next !== undefined);
  }

  async listFolder(folder: string, options?: RequestOptions): Promise<FolderListing> {
    const prefix = folder === '' || folder.endsWith('/') ? folder : `${folder}/`;
    const objects: ObjectInfo[] = [];
    const folders = new Set<string>();
    let next: string | undefined;
    do {
      const page = await this.#page(prefix, true, next, options);
      objects.push(...page.objects.map((object) => this.#own(object)));
      for (const each of page.folders) folders.add(this.#relative(each));
      next = page.next;
    } while (next !== undefined);
    return { objects, folders: [...folders] };
  }

  async put(key: string, content: Uint8Array | LocalFile, options?: RequestOptions): Promise<void> {
    const whole = this.#whole(key);
    await this.#request(`write ${this.addressOf(key)}`, options, (watch) =>
      content instanceof Uint8Array
        ? this.#backend.put(whole, content, watch.signal)
        : this.#backend.putFile(whole, content.path, watch),
    );
  }

  async create(key: string, content: Uint8Array, options?: RequestOptions): Promise<'won' | 'lost'> {
    const what = `write ${this.addressOf(key)}`;
    const nonce = randomUUID();
    try {
      await this.#request(what, options, ({ signal }) =>
        this.#backend.create(this.#whole(key), content, nonce, signal),
      );
      return 'won';
    } catch (error) {
      if (!(error instanceof RequestFailure) || error.failure.kind !== 'condition') throw error;
    }
    // An answer may have been lost and the request repeated: then the object that is there is our own.
    const there = await this.#orNull(`look at ${this.addressOf(key)}`, options, ({ signal }) =>
      this.#backend.head(this.#whole(key), signal),
    );
    return there?.nonce === nonce ? 'won' : 'lost';
  }

  async delete(key: string, options?: RequestOptions): Promise<void> {
    await this.#orNull(`delete ${this.addressOf(key)}`, options, ({ signal }) =>
      this.#backend.delete(this.#whole(key), signal),
    );
  }

  close(): void {
    this.#backend.close();
  }

  #page(prefix: string, isFolder: boolean, next: string | undefined, options: RequestOptions | undefined) {
    return this.#request(`list ${this.addressOf(prefix)}`, options, ({ signal }) =>
      this.#backend.listPage({ prefix: this.#whole(prefix), isFolder, next }, signal),
    );
  }

  /** Null where the object is not there, or not in that version. */
  async #orNull<T>(
    what: string,
    options: RequestOptions | undefined,
    request: (watch: Watch) => Promise<T>,
  ): Promise<T | null> {
    try {
      return await this.#request(what, options, request);
    } catch (error) {
      if (error instanceof RequestFailure) return null;
      throw error;
    }
  }

  #request<T>(
    what: string,
    options: RequestOptions | undefined,
    request: (watch: Watch) => Promise<T>,
  ): Promise<T> {
    return withRetries(this.#policy, options?.signal, request, {
      failure: (error) => this.#failure(error),
      explain: (failure, error) => {
        if (failure.kind === 'missing' || failure.kind === 'condition')
          return new RequestFailure(failure.kind, failure.reason);
        return error instanceof ServeBatchError
          ? error
          : storageError(what, failure, this.#backend.credentials, error);
      },
    });
  }

  #failure(error: unknown): StorageFailure {
    if (error instanceof RequestFailure) return error.failure;
    if (error instanceof DeadlineError) return { kind: 'unavailable', reason: reasonOf(error) };
    return this.#backend.failure(error);
  }

  #whole(key: string): string {
    return this.#place.key === '' ? key : `${this.#place.key}/${key}`;
  }

  #relative(whole: string): string {
    return this.#place.key === '' ? whole : whole.slice(this.#place.key.length + 1);
  }

  #own<T extends ObjectInfo>(info: T): T {
    return { ...info, key: this.#relative(info.key) };
  }
}

/** All bytes of an answer. A connection that ends early ends without an error with some servers: that may pass. */
async function collect(answer: Answer, bytes: number, watch: Watch): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of answer.body) {
    watch.alive();
    pieces.push(piece);
    length += piece.length;
  }
  if (length !== bytes) throw new RequestFailure('unavailable', `${length} of ${bytes} bytes came`);
  return Buffer.concat(pieces);
}
