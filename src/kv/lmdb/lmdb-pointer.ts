import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ServeBatchError, systemErrorCode } from '../../core/errors.ts';
import { readTextFile } from '../../core/files/regular-file.ts';
import { parseCanary } from '../canary.ts';
import { checkGeneration, checkJobName } from '../names.ts';
import type { Canary, Fence, Flip, Shown, StorePointer } from '../store.ts';
import { lmdbError } from './lmdb-error.ts';

/** Which generation readers see, and who said so last. */
export interface Pointer {
  readonly generation: string;
  readonly fence: Fence;
  /** Readers of earlier versions pass it over, and see `generation`. */
  readonly canary: Canary | null;
}

const SUFFIX = '.lmdb';

/** What an LMDB store shows, by the names of its files and its pointer file: none of LMDB's own is opened. */
export class LmdbPointer implements StorePointer {
  readonly url: string;
  readonly mayEvict = false;
  /** The pointer file. */
  readonly path: string;
  readonly #folder: string;
  readonly #job: string;

  constructor({ folder, job }: { readonly folder: string; readonly job: string }) {
    checkJobName(job);
    this.url = `lmdb:${folder}`;
    this.path = join(folder, `${job}.current`);
    this.#folder = folder;
    this.#job = job;
  }

  async current(): Promise<string | undefined> {
    return (await this.#read())?.generation;
  }

  async shown(): Promise<Shown | undefined> {
    const pointer = await this.#read();
    return pointer && { generation: pointer.generation, canary: pointer.canary };
  }

  async lastFlip(): Promise<Flip | undefined> {
    const pointer = await this.#read();
    return pointer && { generation: pointer.generation, fence: pointer.fence };
  }

  async generations(): Promise<readonly string[]> {
    const prefix = `${this.#job}.`;
    const names = await this.#onDisk(() => listFolder(this.#folder));
    return names
      .filter((name) => name.startsWith(prefix) && name.endsWith(SUFFIX))
      .map((name) => name.slice(prefix.length, -SUFFIX.length))
      .filter((generation) => /^[^.]+$/.test(generation))
      .sort();
  }

  /** The file of a generation. */
  fileOf(generation: string): string {
    checkGeneration(generation);
    return join(this.#folder, `${this.#job}.${generation}${SUFFIX}`);
  }

  async close(): Promise<void> {}

  #read(): Promise<Pointer | undefined> {
    return this.#onDisk(() => readPointer(this.path));
  }

  async #onDisk<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw lmdbError(error, this.#folder);
    }
  }
}

async function listFolder(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Reads the pointer file; undefined where nothing was published. */
async function readPointer(path: string): Promise<Pointer | undefined> {
  try {
    return parsePointer(await readTextFile(path), path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The same at once, for a step that nothing may come between. */
export function readPointerSync(file: string): Pointer | undefined {
  try {
    return parsePointer(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parsePointer(text: string, path: string): Pointer {
  try {
    const { generation, fence, canary } = JSON.parse(text) as Partial<Pointer>;
    if (
      typeof generation === 'string' &&
      typeof fence?.lineage === 'string' &&
      typeof fence.token === 'number'
    )
      return {
        generation,
        fence: { lineage: fence.lineage, token: fence.token },
        canary: parseCanary(canary),
      };
  } catch {
    // Not JSON: the same error as for JSON of another shape.
  }
  throw new ServeBatchError(
    'STORE_REFUSED',
    `The pointer file ${path} holds ${JSON.stringify(text.slice(0, 80))}, where {"generation", "fence"} was expected. Delete it and publish again with "serve-batch publish RUN".`,
    { fields: { path } },
  );
}
