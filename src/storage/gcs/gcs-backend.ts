import { stat } from 'node:fs/promises';
import { type Bucket, type File, Storage } from '@google-cloud/storage';
import {
  type Answer,
  type Backend,
  type GetRequest,
  type HeadAnswer,
  type ListPage,
  type ListRequest,
  NONCE,
  type Watch,
} from '../backend.ts';
import type { ObjectInfo } from '../object-storage.ts';
import { RequestFailure, type StorageFailure } from '../storage-errors.ts';
import { gcsFailure } from './gcs-failure.ts';

/** Larger files go up in pieces. */
const SINGLE_PUT_BYTES = 32 * 1024 * 1024;
const PAGE = 1000;

export function openGcs(bucket: string): Backend {
  // Requests are repeated above the SDK, alike for all storages.
  const storage = new Storage({ retryOptions: { autoRetry: false, maxRetries: 0 } });
  return new GcsBackend(storage.bucket(bucket));
}

/** Over the JSON API: the S3 interface of GCS has no conditional writes. */
class GcsBackend implements Backend {
  readonly credentials =
    'GOOGLE_APPLICATION_CREDENTIALS, "gcloud auth application-default login", or the service account of this machine';
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  async get({ key, range }: GetRequest, signal: AbortSignal): Promise<Answer> {
    const head = await this.#headFor(key, range?.version, signal);
    const file = this.#bucket.file(key, { generation: head.version });
    const bytes = range === undefined ? {} : { start: range.start, end: range.end - 1 };
    const stream = file.createReadStream({ ...bytes, decompress: false, validation: false });
    signal.addEventListener('abort', () => stream.destroy(signal.reason), { once: true });
    return { head, body: this.#whole(stream, range === undefined) };
  }

  /** A range names its generation; of a whole object it has to be asked for first. */
  async #headFor(key: string, version: string | undefined, signal: AbortSignal): Promise<HeadAnswer> {
    if (version === undefined) return this.head(key, signal);
    return { key, version, bytes: 0, modifiedMs: 0, serverTimeMs: 0, nonce: undefined };
  }

  /** Between the two requests for a whole object it may have been replaced: then both are made again. */
  async *#whole(stream: AsyncIterable<Uint8Array>, mayBeReplaced: boolean): AsyncIterable<Uint8Array> {
    try {
      yield* stream;
    } catch (error) {
      if (mayBeReplaced && this.failure(error).kind === 'missing')
        throw new RequestFailure('conflict', 'it was replaced meanwhile');
      throw error;
    }
  }

  async head(key: string, _signal: AbortSignal): Promise<HeadAnswer> {
    const [metadata, response] = await this.#bucket.file(key).getMetadata();
    const headers = (response as { readonly headers?: unknown } | undefined)?.headers;
    const nonce = metadata.metadata?.[NONCE];
    return {
      ...infoOf(key, metadata),
      serverTimeMs: dateOf(headers) ?? Date.now(),
      nonce: typeof nonce === 'string' ? nonce : undefined,
    };
  }

  async listPage({ prefix, isFolder, next }: ListRequest, _signal: AbortSignal): Promise<ListPage> {
    const [files, more, response] = await this.#bucket.getFiles({
      prefix,
      autoPaginate: false,
      maxResults: PAGE,
      ...(isFolder ? { delimiter: '/' } : {}),
      ...(next === undefined ? {} : { pageToken: next }),
    });
    const { pageToken } = (more ?? {}) as { readonly pageToken?: string };
    const { prefixes } = (response ?? {}) as { readonly prefixes?: readonly string[] };
    return {
      objects: files.map((file) => infoOf(file.name, file.metadata)),
      folders: prefixes ?? [],
      next: pageToken,
    };
  }

  async put(key: string, content: Uint8Array, _signal: AbortSignal): Promise<void> {
    await this.#bucket.file(key).save(Buffer.from(content), { resumable: false });
  }

  async putFile(key: string, path: string, { alive }: Watch): Promise<void> {
    const { size } = await stat(path);
    await this.#bucket.upload(path, {
      destination: key,
      resumable: size > SINGLE_PUT_BYTES,
      onUploadProgress: alive,
    });
  }

  async create(key: string, content: Uint8Array, nonce: string, _signal: AbortSignal): Promise<void> {
    await this.#bucket.file(key).save(Buffer.from(content), {
      resumable: false,
      preconditionOpts: { ifGenerationMatch: 0 },
      metadata: { metadata: { [NONCE]: nonce } },
    });
  }

  async delete(key: string, _signal: AbortSignal): Promise<void> {
    await this.#bucket.file(key).delete();
  }

  failure(error: unknown): StorageFailure {
    return gcsFailure(error);
  }

  close(): void {
    // The SDK's connections end by themselves and keep no process alive.
  }
}

function infoOf(key: string, { size, generation, updated }: File['metadata']): ObjectInfo {
  const modifiedMs = updated === undefined ? 0 : Date.parse(updated);
  return { key, bytes: Number(size ?? 0), version: String(generation ?? ''), modifiedMs };
}

/** Headers come as an object or as a `Headers`, depending on the SDK's version. */
function dateOf(headers: unknown): number | undefined {
  const value =
    headers instanceof Headers ? headers.get('date') : (headers as { date?: string } | undefined)?.date;
  const ms = Date.parse(value ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}
