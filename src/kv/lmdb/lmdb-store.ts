import { existsSync, rmSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../core/effects.ts';
import { makeFolder, temporaryName } from '../../core/files/durable-file.ts';
import { generationsOf } from '../canary.ts';
import type {
  Canary,
  Fence,
  Flip,
  GenerationCopy,
  GenerationCounts,
  GenerationInfo,
  KvStore,
  Shown,
  StagedCounts,
  StageRequest,
  ValueAddress,
} from '../store.ts';
import { dropCurrentError, missingGenerationError } from '../store-errors.ts';
import { copyLmdbFile, removeLmdbFile } from './lmdb-copy.ts';
import { lmdbError } from './lmdb-error.ts';
import { assertNotFenced, claimPointer, replacePointer, unlessFenced } from './lmdb-fence.ts';
import { LmdbGeneration } from './lmdb-generation.ts';
import { LmdbPointer, readPointerSync } from './lmdb-pointer.ts';

interface OpenGeneration {
  readonly generation: LmdbGeneration;
  /** Long operations that are under way: with any, the file stays open. */
  users: number;
}

export interface LmdbStoreOptions {
  readonly folder: string;
  readonly job: string;
  readonly clock: Clock;
}

/**
 * The embedded store: in one folder, a file `JOB.GENERATION.lmdb` for each generation and a pointer file
 * `JOB.current`. Several processes may stage into one generation at once; each may die at any instant.
 *
 * Files stay open from call to call, since opening one costs more than a thousand reads.
 */
export class LmdbStore implements KvStore {
  readonly url: string;
  readonly mayEvict = false;
  readonly #folder: string;
  readonly #job: string;
  readonly #pointer: LmdbPointer;
  readonly #clock: Clock;
  readonly #open = new Map<string, OpenGeneration>();
  #shown: readonly string[] = [];

  constructor(options: LmdbStoreOptions) {
    this.#pointer = new LmdbPointer(options);
    this.url = this.#pointer.url;
    this.#folder = options.folder;
    this.#job = options.job;
    this.#clock = options.clock;
  }

  async ping(): Promise<void> {
    const probe = temporaryName(join(this.#folder, this.#job));
    await this.#onDisk(async () => {
      await makeFolder(this.#folder);
      await writeFile(probe, '', { flag: 'wx' });
      await rm(probe, { force: true });
    });
  }

  /**
   * Whoever loses the lock in the middle of a shard writes it to its end, and changes nothing by that: an entry is named
   * after its shard, and whoever writes it writes the same.
   */
  async stage(request: StageRequest): Promise<StagedCounts> {
    const { fence } = request;
    await this.#onDisk(async () => assertNotFenced({ path: this.#pointer.path, job: this.#job, fence }));
    return this.#use(await this.#writable(request.generation), (generation) => generation.stage(request));
  }

  async extend(generation: string, { of }: GenerationCopy, fence: Fence): Promise<boolean> {
    if (this.#existing(generation)?.generation.base() === of) return true;
    const from = this.#pointer.fileOf(of);
    if (!existsSync(from)) return false;
    await this.#close(generation);
    await this.#onDisk(() =>
      copyLmdbFile({
        ...{ from, to: this.#pointer.fileOf(generation) },
        prepare: (path) => this.#beginAs(path, of),
        unlessFenced: (step) => this.#unlessFenced(fence, step),
      }),
    );
    return true;
  }

  async stagedShards(generation: string): Promise<ReadonlyMap<number, StagedCounts>> {
    return this.#existing(generation)?.generation.stagedShards() ?? new Map();
  }

  async describe(generation: string, info: GenerationInfo, fence: Fence): Promise<void> {
    const open = await this.#writable(generation);
    await this.#unlessFenced(fence, () => open.generation.describe(info));
  }

  async info(generation: string): Promise<GenerationInfo | undefined> {
    return this.#existing(generation)?.generation.info();
  }

  async count(generation: string): Promise<GenerationCounts> {
    const open = this.#existing(generation);
    return open === undefined ? { keys: 0, values: 0 } : this.#use(open, (each) => each.count());
  }

  async current(): Promise<string | undefined> {
    return (await this.shown())?.generation;
  }

  async shown(): Promise<Shown | undefined> {
    const shown = await this.#pointer.shown();
    const generations = generationsOf(shown);
    if (generations.join() !== this.#shown.join()) {
      this.#shown = generations;
      await this.#closeIdle();
      for (const generation of generations) this.#open.get(generation)?.generation.refresh();
    }
    return shown;
  }

  lastFlip(): Promise<Flip | undefined> {
    return this.#pointer.lastFlip();
  }

  async claim(fence: Fence): Promise<void> {
    await this.#onDisk(async () => {
      await makeFolder(this.#folder);
      await claimPointer(this.#pointer.path, this.#job, fence);
    });
  }

  async publish(generation: string, fence: Fence, canary: Canary | null = null): Promise<void> {
    for (const each of generationsOf({ generation, canary }))
      if (!existsSync(this.#pointer.fileOf(each))) throw missingGenerationError(this.#job, each, this.url);
    await this.#onDisk(() => replacePointer(this.#pointer.path, this.#job, { generation, fence, canary }));
  }

  async withdraw(fence: Fence): Promise<void> {
    await this.#unlessFenced(fence, () => rmSync(this.#pointer.path, { force: true }));
  }

  generations(): Promise<readonly string[]> {
    return this.#pointer.generations();
  }

  async drop(generation: string, fence: Fence): Promise<void> {
    const path = this.#pointer.fileOf(generation);
    await this.#close(generation);
    await this.#unlessFenced(fence, () => {
      if (generationsOf(readPointerSync(this.#pointer.path)).includes(generation))
        throw dropCurrentError(this.#job, generation);
      removeLmdbFile(path);
    });
  }

  /** Takes a step unless a newer token was here: then `FENCED`. */
  #unlessFenced(fence: Fence, step: () => void): Promise<void> {
    return this.#onDisk(async () => {
      await makeFolder(this.#folder);
      await unlessFenced({ path: this.#pointer.path, job: this.#job, fence }, step);
    });
  }

  async get(generation: string, key: string, field: string | null): Promise<string | undefined> {
    return this.getAtOnce(generation, key, field);
  }

  getAtOnce(generation: string, key: string, field: string | null): string | undefined {
    return this.#existing(generation)?.generation.get(key, field);
  }

  async getSeries(generation: string, key: string): Promise<ReadonlyMap<string, string> | undefined> {
    return this.#existing(generation)?.generation.getSeries(key);
  }

  async getMany(generation: string, keys: readonly ValueAddress[]): Promise<readonly (string | undefined)[]> {
    const open = this.#existing(generation)?.generation;
    return keys.map(({ key, field }) => open?.get(key, field));
  }

  async unmap(): Promise<void> {
    for (const [generation, { users, generation: file }] of [...this.#open]) {
      if (users > 0) continue;
      await file.flush();
      await this.#close(generation);
    }
  }

  async close(): Promise<void> {
    for (const generation of [...this.#open.keys()]) await this.#close(generation);
  }

  /** Undefined where there is no such generation: looking must not make a file. */
  #existing(generation: string): OpenGeneration | undefined {
    const open = this.#open.get(generation);
    if (open !== undefined) return open;
    const path = this.#pointer.fileOf(generation);
    return existsSync(path) ? this.#openFile(generation, path) : undefined;
  }

  async #writable(generation: string): Promise<OpenGeneration> {
    const path = this.#pointer.fileOf(generation);
    await this.#onDisk(() => makeFolder(this.#folder));
    return this.#open.get(generation) ?? this.#openFile(generation, path);
  }

  #openFile(generation: string, path: string): OpenGeneration {
    const open = { generation: new LmdbGeneration(path, this.#clock), users: 0 };
    this.#open.set(generation, open);
    return open;
  }

  async #beginAs(path: string, base: string): Promise<void> {
    const copy = new LmdbGeneration(path, this.#clock);
    try {
      await copy.beginAs(base);
    } finally {
      await copy.close();
    }
  }

  async #use<T>(open: OpenGeneration, action: (generation: LmdbGeneration) => Promise<T>): Promise<T> {
    open.users++;
    try {
      return await action(open.generation);
    } finally {
      open.users--;
    }
  }

  /** Once the pointer has moved, files of other generations may be dropped and made anew by other processes. */
  async #closeIdle(): Promise<void> {
    for (const [generation, { users }] of [...this.#open])
      if (users === 0 && !this.#shown.includes(generation)) await this.#close(generation);
  }

  async #close(generation: string): Promise<void> {
    const open = this.#open.get(generation);
    this.#open.delete(generation);
    await open?.generation.close();
  }

  async #onDisk<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw lmdbError(error, this.#folder);
    }
  }
}
