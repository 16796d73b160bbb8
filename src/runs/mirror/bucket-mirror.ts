import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { isTemporaryName, makeFolder } from '../../core/files/durable-file.ts';
import { type Mirror, type MirroredText, STAND_IN_MS, withPublicPaths } from '../../core/files/mirror.ts';
import type { ObjectInfo, ObjectStorage } from '../../storage/object-storage.ts';
import { probeConditions } from '../../storage/probe-conditions.ts';
import { inParallel } from '../in-parallel.ts';
import { fetchNewest, writeStandIn } from './local-copy.ts';

/** Folders of a job, or of a run, that belong to this machine: no other one sees what is in them. */
const SCRATCH: ReadonlySet<string> = new Set(['tmp', 'spool', 'engines', 'trash']);
/** Requests of one kind at the same time. */
const AT_ONCE = 16;

export interface BucketMirrorOptions {
  /** Exists, and belongs to this mirror. */
  readonly folder: string;
  readonly address: string;
  /** Called once, when the first request is made. */
  readonly open: () => Promise<ObjectStorage>;
}

/** A {@link Mirror} of what lies below an address of an object storage. */
export class BucketMirror implements Mirror {
  readonly folder: string;
  readonly address: string;
  readonly #open: () => Promise<ObjectStorage>;
  #storage: Promise<ObjectStorage> | null = null;
  #usable: Promise<void> | null = null;
  /** Of what is shown: which version. What this process wrote has none, and is read again once it is listed. */
  readonly #versions = new Map<string, string>();

  constructor({ folder, address, open }: BucketMirrorOptions) {
    this.folder = folder;
    this.address = address;
    this.#open = open;
  }

  storage(): Promise<ObjectStorage> {
    this.#storage ??= this.#open();
    return this.#storage;
  }

  isScratch(path: string): boolean {
    return relative(this.folder, path)
      .split(sep)
      .some((name) => SCRATCH.has(name));
  }

  async names(folder: string): Promise<readonly string[]> {
    const storage = await this.storage();
    const { objects, folders } = await storage.listFolder(this.#keyOf(folder));
    return [
      ...objects.map(({ key }) => basename(key)),
      ...folders.map((key) => basename(key.replace(/\/$/, ''))),
    ];
  }

  async read(path: string): Promise<MirroredText | null> {
    const found = await (await this.storage()).read(this.#keyOf(path));
    if (found === null) return null;
    const text = Buffer.from(found.content).toString('utf8');
    return { text, ageMs: Math.max(0, found.serverTimeMs - found.modifiedMs) };
  }

  async list(folder: string): Promise<void> {
    const storage = await this.storage();
    const { objects, folders } = await storage.listFolder(this.#keyOf(folder));
    await makeFolder(folder);
    const there = new Set<string>();
    for (const key of folders) {
      const name = basename(key.replace(/\/$/, ''));
      there.add(name);
      await mkdir(join(folder, name), { recursive: true });
    }
    for (const { key } of objects) there.add(basename(key));
    await inParallel(objects, AT_ONCE, (object) => this.#show(join(folder, basename(object.key)), object));
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      if (there.has(name) || isTemporaryName(name) || this.isScratch(path)) continue;
      await rm(path, { recursive: true, force: true });
    }
  }

  async look(path: string): Promise<void> {
    const head = await (await this.storage()).head(this.#keyOf(path));
    if (head !== null) return this.#show(path, head);
    this.#versions.delete(path);
    await rm(path, { force: true });
  }

  /** A part has its name for good, and its bytes are those of every other attempt: one of the same size stays. */
  async #show(path: string, { bytes, version }: ObjectInfo): Promise<void> {
    const here = await stat(path).catch(() => null);
    const isSame =
      this.#versions.get(path) === version || (path.endsWith('.parquet') && here?.mtimeMs !== STAND_IN_MS);
    if (here !== null && here.size === bytes && isSame) return;
    await makeFolder(dirname(path));
    await writeStandIn(path, bytes);
    this.#versions.set(path, version);
  }

  async fetch(path: string): Promise<void> {
    if ((await stat(path).catch(() => null))?.mtimeMs !== STAND_IN_MS) return;
    const version = await fetchNewest(await this.storage(), this.#keyOf(path), path);
    if (version !== null) this.#versions.set(path, version);
    // It has gone since it was listed.
    else await rm(path, { force: true });
  }

  async put(path: string, content: string | Uint8Array): Promise<void> {
    await (await this.storage()).put(this.#keyOf(path), bytesOf(content));
    this.#versions.delete(path);
  }

  async putFile(path: string, file: string): Promise<void> {
    await (await this.storage()).put(this.#keyOf(path), { path: file });
    this.#versions.delete(path);
  }

  async create(path: string, content: string | Uint8Array): Promise<boolean> {
    const won = (await (await this.storage()).create(this.#keyOf(path), bytesOf(content))) === 'won';
    if (won) this.#versions.delete(path);
    return won;
  }

  assertUsable(): Promise<void> {
    this.#usable ??= this.storage().then(probeConditions);
    return this.#usable;
  }

  async removeFile(path: string): Promise<void> {
    await (await this.storage()).delete(this.#keyOf(path));
  }

  async removeFolder(path: string): Promise<void> {
    const storage = await this.storage();
    const keys: string[] = [];
    for await (const { key } of storage.list(`${this.#keyOf(path)}/`)) keys.push(key);
    const counting = keys.filter((key) => /\/(run\.json|_SUCCESS)$/.test(key));
    for (const key of counting) await storage.delete(key);
    const rest = keys.filter((key) => !counting.includes(key));
    await inParallel([...rest, this.#keyOf(path)], AT_ONCE, (key) => storage.delete(key));
  }

  async release(path: string): Promise<void> {
    const here = await stat(path).catch(() => null);
    if (here !== null && here.mtimeMs !== STAND_IN_MS) await writeStandIn(path, here.size);
  }

  /** Ends the connections. */
  async close(): Promise<void> {
    if (this.#storage !== null) (await this.#storage.catch(() => null))?.close();
  }

  #keyOf(path: string): string {
    return relative(this.folder, path).split(sep).join('/');
  }
}

/** Where this machine shows a bucket says nothing to others. */
function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? Buffer.from(withPublicPaths(content)) : content;
}
