import {
  AnonymousCredential,
  type BlobItem,
  BlobServiceClient,
  type ContainerClient,
  type StoragePipelineOptions,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { ServeBatchError } from '../../core/errors.ts';
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
import { azureFailure } from './azure-failure.ts';

const BLOCK_BYTES = 8 * 1024 * 1024;
const PAGE = 1000;
/** Requests are repeated above the SDK, alike for all storages. */
const NO_RETRIES: StoragePipelineOptions = { retryOptions: { maxTries: 1 } };

export async function openAzure(container: string): Promise<Backend> {
  return new AzureBackend((await makeService(process.env)).getContainerClient(container));
}

async function makeService(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<BlobServiceClient> {
  const connection = environment.AZURE_STORAGE_CONNECTION_STRING;
  if (connection) return fromConnectionString(connection);
  const account = environment.AZURE_STORAGE_ACCOUNT;
  if (!account)
    throw new ServeBatchError(
      'USAGE',
      'Addresses with az:// need AZURE_STORAGE_CONNECTION_STRING or AZURE_STORAGE_ACCOUNT in the environment; neither is set.',
    );
  const url = environment.AZURE_STORAGE_SERVICE_ENDPOINT || `https://${account}.blob.core.windows.net`;
  const key = environment.AZURE_STORAGE_KEY;
  if (key) return new BlobServiceClient(url, new StorageSharedKeyCredential(account, key), NO_RETRIES);
  const sas = environment.AZURE_STORAGE_SAS_TOKEN?.replace(/^\?/, '');
  if (sas) return new BlobServiceClient(`${url}?${sas}`, new AnonymousCredential(), NO_RETRIES);
  const { DefaultAzureCredential } = await import('@azure/identity');
  return new BlobServiceClient(url, new DefaultAzureCredential(), NO_RETRIES);
}

function fromConnectionString(connection: string): BlobServiceClient {
  try {
    return BlobServiceClient.fromConnectionString(connection, NO_RETRIES);
  } catch (error) {
    // The SDK's own message may hold the account's key.
    throw new ServeBatchError(
      'USAGE',
      'AZURE_STORAGE_CONNECTION_STRING is not a connection string. Copy it from the access keys of the storage account.',
      { cause: error },
    );
  }
}

class AzureBackend implements Backend {
  readonly credentials =
    'AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_ACCOUNT with AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN, or the identity of this machine';
  readonly #container: ContainerClient;

  constructor(container: ContainerClient) {
    this.#container = container;
  }

  async get({ key, range }: GetRequest, abortSignal: AbortSignal): Promise<Answer> {
    const blob = this.#container.getBlobClient(key);
    // The SDK resumes a broken download by itself: without that, as everywhere, the request is made again.
    const options = { abortSignal, maxRetryRequests: 0 };
    const output =
      range === undefined
        ? await blob.download(0, undefined, options)
        : await blob.download(range.start, range.end - range.start, {
            ...options,
            conditions: { ifMatch: range.version },
          });
    const body = output.readableStreamBody as unknown as AsyncIterable<Uint8Array>;
    return { head: headOf(key, output), body };
  }

  async head(key: string, abortSignal: AbortSignal): Promise<HeadAnswer> {
    const output = await this.#container.getBlobClient(key).getProperties({ abortSignal });
    return { ...headOf(key, output), nonce: output.metadata?.[NONCE] };
  }

  async listPage({ prefix, isFolder, next }: ListRequest, abortSignal: AbortSignal): Promise<ListPage> {
    const paging = { maxPageSize: PAGE, ...(next === undefined ? {} : { continuationToken: next }) };
    const options = { prefix, abortSignal, includeMetadata: true };
    const pages: AsyncIterable<BlobPage> = isFolder
      ? this.#container.listBlobsByHierarchy('/', options).byPage(paging)
      : this.#container.listBlobsFlat(options).byPage(paging);
    for await (const { segment, continuationToken } of pages)
      return {
        objects: segment.blobItems.filter(isFile).map(infoOfItem),
        folders: (segment.blobPrefixes ?? []).map(({ name }) => name),
        next: continuationToken || undefined,
      };
    return { objects: [], folders: [], next: undefined };
  }

  async put(key: string, content: Uint8Array, abortSignal: AbortSignal): Promise<void> {
    await this.#container
      .getBlockBlobClient(key)
      .upload(Buffer.from(content), content.length, { abortSignal });
  }

  async putFile(key: string, path: string, { signal, alive }: Watch): Promise<void> {
    await this.#container
      .getBlockBlobClient(key)
      .uploadFile(path, { abortSignal: signal, blockSize: BLOCK_BYTES, concurrency: 2, onProgress: alive });
  }

  async create(key: string, content: Uint8Array, nonce: string, abortSignal: AbortSignal): Promise<void> {
    await this.#container.getBlockBlobClient(key).upload(Buffer.from(content), content.length, {
      abortSignal,
      conditions: { ifNoneMatch: '*' },
      metadata: { [NONCE]: nonce },
    });
  }

  async delete(key: string, abortSignal: AbortSignal): Promise<void> {
    await this.#container.getBlobClient(key).delete({ abortSignal });
  }

  failure(error: unknown): StorageFailure {
    return azureFailure(error);
  }

  close(): void {
    // The SDK's connections end by themselves and keep no process alive.
  }
}

/** A page of either kind of listing. */
interface BlobPage {
  readonly segment: {
    readonly blobItems: readonly BlobItem[];
    readonly blobPrefixes?: readonly { readonly name: string }[];
  };
  readonly continuationToken?: string;
}

/** Accounts with folders of their own list these as objects without bytes. */
function isFile({ metadata }: BlobItem): boolean {
  return metadata?.hdi_isfolder !== 'true';
}

function infoOfItem({ name, properties }: BlobItem): ObjectInfo {
  return {
    key: name,
    bytes: properties.contentLength ?? 0,
    version: versionOf(properties.etag),
    modifiedMs: properties.lastModified.getTime(),
  };
}

/** Listings give tags without the quotes that other answers give them. */
function versionOf(etag: string | undefined): string {
  return etag === undefined || etag.startsWith('"') ? (etag ?? '') : `"${etag}"`;
}

function headOf(
  key: string,
  output: {
    readonly contentLength?: number;
    readonly etag?: string;
    readonly lastModified?: Date;
    readonly date?: Date;
  },
): ObjectHead {
  return {
    key,
    bytes: output.contentLength ?? 0,
    version: versionOf(output.etag),
    modifiedMs: output.lastModified?.getTime() ?? 0,
    serverTimeMs: output.date?.getTime() ?? Date.now(),
  };
}
