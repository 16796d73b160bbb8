import { open, stat } from 'node:fs/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
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
import type { ObjectHead, ObjectInfo } from '../object-storage.ts';
import type { StorageFailure } from '../storage-errors.ts';
import { type DatedMetadata, makeS3Client } from './s3-client.ts';
import { s3Failure } from './s3-failure.ts';

const MIB = 1024 * 1024;
/** Larger files go up in pieces. */
const SINGLE_PUT_BYTES = 32 * MIB;
const PIECE_BYTES = 16 * MIB;
/** Of an upload in pieces, by S3's rules. */
const MOST_PIECES = 10_000;

export function openS3(bucket: string): Backend {
  return new S3Backend(makeS3Client(process.env), bucket);
}

class S3Backend implements Backend {
  readonly credentials =
    'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or the role of this machine';
  readonly #client: S3Client;
  readonly #bucket: string;
  /** ETags in conditions have quotes by the standard; Ceph wants them without. */
  #quotesTags = true;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  async get({ key, range }: GetRequest, abortSignal: AbortSignal): Promise<Answer> {
    if (range === undefined) return this.#answer(key, await this.#get({ Key: key }, abortSignal));
    const request = { Key: key, Range: `bytes=${range.start}-${range.end - 1}` };
    const quoted = { ...request, IfMatch: `"${range.version}"` };
    const plain = { ...request, IfMatch: range.version };
    if (!this.#quotesTags) return this.#answer(key, await this.#get(plain, abortSignal));
    try {
      return this.#answer(key, await this.#get(quoted, abortSignal));
    } catch (error) {
      if (this.failure(error).kind !== 'condition') throw error;
      const answer = this.#answer(key, await this.#get(plain, abortSignal));
      this.#quotesTags = false;
      return answer;
    }
  }

  #get(
    request: { readonly Key: string; readonly Range?: string; readonly IfMatch?: string },
    abortSignal: AbortSignal,
  ): Promise<GetObjectCommandOutput> {
    return this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, ...request }), { abortSignal });
  }

  #answer(key: string, output: GetObjectCommandOutput): Answer {
    return { head: headOf(key, output), body: output.Body as unknown as AsyncIterable<Uint8Array> };
  }

  async head(key: string, abortSignal: AbortSignal): Promise<HeadAnswer> {
    const output = await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }), {
      abortSignal,
    });
    return { ...headOf(key, output), nonce: output.Metadata?.[NONCE] };
  }

  async listPage({ prefix, isFolder, next }: ListRequest, abortSignal: AbortSignal): Promise<ListPage> {
    const output = await this.#client.send(
      new ListObjectsV2Command({
        Bucket: this.#bucket,
        Prefix: prefix,
        ...(isFolder ? { Delimiter: '/' } : {}),
        ...(next === undefined ? {} : { ContinuationToken: next }),
      }),
      { abortSignal },
    );
    return {
      objects: (output.Contents ?? []).map((each) => infoOf(each.Key ?? '', each.Size, each)),
      folders: (output.CommonPrefixes ?? []).flatMap(({ Prefix }) => Prefix ?? []),
      next: output.IsTruncated === true ? output.NextContinuationToken : undefined,
    };
  }

  async put(key: string, content: Uint8Array, abortSignal: AbortSignal): Promise<void> {
    await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: content }), {
      abortSignal,
    });
  }

  async putFile(key: string, path: string, watch: Watch): Promise<void> {
    const { size } = await stat(path);
    const file = await open(path, 'r');
    const piece = async (start: number, bytes: number): Promise<Uint8Array> => {
      const buffer = Buffer.alloc(Math.min(bytes, size - start));
      await file.read(buffer, 0, buffer.length, start);
      return buffer;
    };
    try {
      if (size <= SINGLE_PUT_BYTES) await this.put(key, await piece(0, size), watch.signal);
      else await this.#putPieces(key, size, piece, watch);
    } finally {
      await file.close();
    }
  }

  /** The object appears when the upload is completed; one that is not is removed. */
  async #putPieces(
    key: string,
    size: number,
    piece: (start: number, bytes: number) => Promise<Uint8Array>,
    { signal: abortSignal, alive }: Watch,
  ): Promise<void> {
    const target = { Bucket: this.#bucket, Key: key };
    const { UploadId } = await this.#client.send(new CreateMultipartUploadCommand(target), { abortSignal });
    const upload = { ...target, UploadId };
    const pieceBytes = Math.max(PIECE_BYTES, Math.ceil(size / MOST_PIECES));
    try {
      const Parts: { readonly ETag: string | undefined; readonly PartNumber: number }[] = [];
      for (let start = 0; start < size; start += pieceBytes) {
        const PartNumber = Parts.length + 1;
        const request = { ...upload, PartNumber, Body: await piece(start, pieceBytes) };
        const { ETag } = await this.#client.send(new UploadPartCommand(request), { abortSignal });
        Parts.push({ ETag, PartNumber });
        alive();
      }
      await this.#client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }), {
        abortSignal,
      });
    } catch (error) {
      await this.#client.send(new AbortMultipartUploadCommand(upload)).catch(() => {});
      throw error;
    }
  }

  async create(key: string, content: Uint8Array, nonce: string, abortSignal: AbortSignal): Promise<void> {
    await this.#client.send(
      new PutObjectCommand({
        Bucket: this.#bucket,
        Key: key,
        Body: content,
        IfNoneMatch: '*',
        Metadata: { [NONCE]: nonce },
      }),
      { abortSignal },
    );
  }

  async delete(key: string, abortSignal: AbortSignal): Promise<void> {
    await this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key }), { abortSignal });
  }

  failure(error: unknown): StorageFailure {
    return s3Failure(error);
  }

  close(): void {
    this.#client.destroy();
  }
}

interface Facts {
  readonly ETag?: string | undefined;
  readonly LastModified?: Date | undefined;
}

function infoOf(key: string, bytes: number | undefined, { ETag = '', LastModified }: Facts): ObjectInfo {
  const version = ETag.replace(/^"|"$/g, '');
  return { key, bytes: bytes ?? 0, version, modifiedMs: LastModified?.getTime() ?? 0 };
}

function headOf(
  key: string,
  output: Facts & { readonly ContentLength?: number | undefined; readonly $metadata: DatedMetadata },
): ObjectHead {
  const serverTimeMs = output.$metadata.serverTimeMs ?? Date.now();
  return { ...infoOf(key, output.ContentLength, output), serverTimeMs };
}
