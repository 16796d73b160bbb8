import { readFile } from 'node:fs/promises';
import type {
  FolderListing,
  LocalFile,
  ObjectHead,
  ObjectInfo,
  ObjectStorage,
  StoredObject,
} from '../../src/storage/object-storage.ts';

interface Kept {
  readonly content: Uint8Array;
  readonly version: string;
  readonly modifiedMs: number;
}

/** A bucket in memory, with a clock of its own. */
export class MemoryStorage implements ObjectStorage {
  readonly address: string;
  readonly objects = new Map<string, Kept>();
  /** What was asked of it, such as `delete runs/x/run.json`. */
  readonly requests: string[] = [];
  /** Its clock. */
  nowMs = Date.parse('2026-11-21T00:00:00Z');
  #versions = 0;

  constructor(address: string) {
    this.address = address;
  }

  addressOf(key: string): string {
    return `${this.address}/${key}`;
  }

  /** What stands under a key. */
  text(key: string): string | undefined {
    const kept = this.objects.get(key);
    return kept === undefined ? undefined : Buffer.from(kept.content).toString('utf8');
  }

  async read(key: string): Promise<StoredObject | null> {
    this.requests.push(`read ${key}`);
    const kept = this.objects.get(key);
    return kept === undefined ? null : { ...this.#head(key, kept), content: kept.content };
  }

  async readRange(
    key: string,
    { start, end, version }: { readonly start: number; readonly end: number; readonly version: string },
  ): Promise<Uint8Array | null> {
    this.requests.push(`read ${key}`);
    const kept = this.objects.get(key);
    return kept === undefined || kept.version !== version ? null : kept.content.subarray(start, end);
  }

  async head(key: string): Promise<ObjectHead | null> {
    const kept = this.objects.get(key);
    return kept === undefined ? null : this.#head(key, kept);
  }

  async *list(prefix: string): AsyncIterable<ObjectInfo> {
    for (const key of [...this.objects.keys()].sort()) {
      const kept = this.objects.get(key);
      if (key.startsWith(prefix) && kept !== undefined) yield this.#head(key, kept);
    }
  }

  async listFolder(folder: string): Promise<FolderListing> {
    const prefix = folder === '' ? '' : `${folder}/`;
    const objects: ObjectInfo[] = [];
    const folders = new Set<string>();
    for await (const object of this.list(prefix)) {
      const rest = object.key.slice(prefix.length);
      if (rest.includes('/')) folders.add(`${prefix}${rest.slice(0, rest.indexOf('/') + 1)}`);
      else objects.push(object);
    }
    return { objects, folders: [...folders] };
  }

  async put(key: string, content: Uint8Array | LocalFile): Promise<void> {
    this.requests.push(`put ${key}`);
    const bytes = content instanceof Uint8Array ? content : await readFile(content.path);
    this.objects.set(key, { content: bytes, version: `v${++this.#versions}`, modifiedMs: this.nowMs });
  }

  async create(key: string, content: Uint8Array): Promise<'won' | 'lost'> {
    if (this.objects.has(key)) return 'lost';
    await this.put(key, content);
    return 'won';
  }

  async delete(key: string): Promise<void> {
    this.requests.push(`delete ${key}`);
    this.objects.delete(key);
  }

  close(): void {}

  #head(key: string, { content, version, modifiedMs }: Kept): ObjectHead {
    return { key, version, modifiedMs, bytes: content.length, serverTimeMs: this.nowMs };
  }
}
