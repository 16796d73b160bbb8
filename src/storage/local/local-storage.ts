import { copyFile, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { ServeBatchError, systemErrorCode } from '../../core/errors.ts';
import {
  commitFile,
  isTemporaryName,
  makeFolder,
  temporaryName,
  writeFileDurably,
} from '../../core/files/durable-file.ts';
import type {
  ByteRange,
  FolderListing,
  LocalFile,
  ObjectHead,
  ObjectInfo,
  ObjectStorage,
  RequestOptions,
  StoredObject,
} from '../object-storage.ts';
import { createFileExclusively } from './exclusive-file.ts';

/** Objects as files below a folder. Writes are durable when they return. */
export class LocalStorage implements ObjectStorage {
  readonly address: string;

  constructor(folder: string) {
    this.address = folder;
  }

  addressOf(key: string): string {
    return join(this.address, key);
  }

  async read(key: string, options?: RequestOptions): Promise<StoredObject | null> {
    options?.signal?.throwIfAborted();
    return orNull(async () => {
      const file = await open(this.#path(key), 'r');
      try {
        const info = infoOf(key, await file.stat({ bigint: true }));
        return { ...info, serverTimeMs: Date.now(), content: await file.readFile() };
      } finally {
        await file.close();
      }
    });
  }

  async readRange(key: string, range: ByteRange, options?: RequestOptions): Promise<Uint8Array | null> {
    options?.signal?.throwIfAborted();
    return orNull(async () => {
      const file = await open(this.#path(key), 'r');
      try {
        const { version } = infoOf(key, await file.stat({ bigint: true }));
        if (version !== range.version) return null;
        const bytes = Buffer.alloc(range.end - range.start);
        const { bytesRead } = await file.read(bytes, 0, bytes.length, range.start);
        return bytesRead === bytes.length ? bytes : null;
      } finally {
        await file.close();
      }
    });
  }

  async head(key: string, options?: RequestOptions): Promise<ObjectHead | null> {
    options?.signal?.throwIfAborted();
    return orNull(async () => {
      const status = await stat(this.#path(key), { bigint: true });
      return status.isFile() ? { ...infoOf(key, status), serverTimeMs: Date.now() } : null;
    });
  }

  async *list(prefix: string, options?: RequestOptions): AsyncIterable<ObjectInfo> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    const entries = await orNull(() => readdir(this.#path(folder), { recursive: true, withFileTypes: true }));
    const keys = (entries ?? [])
      .filter((entry) => !entry.isDirectory() && !isTemporaryName(entry.name))
      .map((entry) => relative(this.address, join(entry.parentPath, entry.name)).split(sep).join('/'))
      .filter((key) => key.startsWith(prefix));
    for (const key of keys.sort()) {
      const head = await this.head(key, options);
      if (head !== null) yield withoutTime(head);
    }
  }

  async listFolder(folder: string, options?: RequestOptions): Promise<FolderListing> {
    const prefix = folder === '' || folder.endsWith('/') ? folder : `${folder}/`;
    const entries = (await orNull(() => readdir(this.#path(prefix), { withFileTypes: true }))) ?? [];
    const names = entries.map(({ name }) => name).sort();
    const isFolder = new Set(entries.filter((entry) => entry.isDirectory()).map(({ name }) => name));
    const objects: ObjectInfo[] = [];
    for (const name of names) {
      if (isFolder.has(name) || isTemporaryName(name)) continue;
      const head = await this.head(`${prefix}${name}`, options);
      if (head !== null) objects.push(withoutTime(head));
    }
    return {
      objects,
      folders: names.filter((name) => isFolder.has(name)).map((name) => `${prefix}${name}/`),
    };
  }

  async put(key: string, content: Uint8Array | LocalFile, options?: RequestOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    const path = this.#path(key);
    await makeFolder(dirname(path));
    if (content instanceof Uint8Array) return writeFileDurably(path, content);
    const temporary = temporaryName(path);
    try {
      await copyFile(content.path, temporary);
      await commitFile(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async create(key: string, content: Uint8Array, options?: RequestOptions): Promise<'won' | 'lost'> {
    options?.signal?.throwIfAborted();
    const path = this.#path(key);
    await makeFolder(dirname(path));
    return (await createFileExclusively(path, content)) ? 'won' : 'lost';
  }

  async delete(key: string, options?: RequestOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    await rm(this.#path(key), { force: true });
  }

  close(): void {
    // Nothing is open between two calls.
  }

  #path(key: string): string {
    const path = resolve(this.address, key);
    if (
      path === this.address ||
      path.startsWith(this.address.endsWith(sep) ? this.address : this.address + sep)
    )
      return path;
    throw new ServeBatchError('USAGE', `The key ${key} leads out of ${this.address}.`);
  }
}

interface Status {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ino: bigint;
}

function infoOf(key: string, { size, mtimeNs, ino }: Status): ObjectInfo {
  return {
    key,
    bytes: Number(size),
    version: `${mtimeNs}-${size}-${ino}`,
    modifiedMs: Number(mtimeNs) / 1e6,
  };
}

function withoutTime({ serverTimeMs: _, ...info }: ObjectHead): ObjectInfo {
  return info;
}

async function orNull<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (/^(?:ENOENT|ENOTDIR|EISDIR)$/.test(systemErrorCode(error) ?? '')) return null;
    throw error;
  }
}
