import { ServeBatchError } from '../core/errors.ts';
import type {
  Canary,
  Fence,
  Flip,
  GenerationCopy,
  GenerationCounts,
  GenerationInfo,
  ManagedStore,
  Shown,
  StagedCounts,
  StorePointer,
  ValueAddress,
} from '../kv/store.ts';
import type { TaskName, TaskRequest, TaskResult } from './tasks.ts';
import type { Workers } from './workers.ts';

/**
 * A job's store as the process sees it that runs the job. All that opens the store's files, and all that writes,
 * is done by workers: where the disk is full behind a mapped file, the system ends the process that touches it.
 * What the store shows is read here, from the pointer.
 */
export class StoreInWorkers implements ManagedStore {
  readonly url: string;
  readonly mayEvict: boolean;
  readonly #pointer: StorePointer;
  readonly #workers: Workers;
  readonly #job: string;

  constructor(job: string, pointer: StorePointer, workers: Workers) {
    this.url = pointer.url;
    this.mayEvict = pointer.mayEvict;
    this.#pointer = pointer;
    this.#workers = workers;
    this.#job = job;
  }

  current(): Promise<string | undefined> {
    return this.#pointer.current();
  }

  shown(): Promise<Shown | undefined> {
    return this.#pointer.shown();
  }

  lastFlip(): Promise<Flip | undefined> {
    return this.#pointer.lastFlip();
  }

  generations(): Promise<readonly string[]> {
    return this.#pointer.generations();
  }

  async ping(): Promise<void> {
    await this.#ask('store-ping', { job: this.#job });
  }

  async claim(fence: Fence): Promise<void> {
    await this.#ask('store-claim', { job: this.#job, fence });
  }

  extend(generation: string, base: GenerationCopy): Promise<boolean> {
    return this.#ask('store-extend', { job: this.#job, generation, base });
  }

  async stagedShards(generation: string): Promise<ReadonlyMap<number, StagedCounts>> {
    return new Map(await this.#ask('store-staged', { job: this.#job, generation }));
  }

  async describe(generation: string, info: GenerationInfo): Promise<void> {
    await this.#ask('store-describe', { job: this.#job, generation, info });
  }

  count(generation: string): Promise<GenerationCounts> {
    return this.#ask('store-count', { job: this.#job, generation });
  }

  async publish(generation: string, fence: Fence, canary: Canary | null = null): Promise<void> {
    await this.#ask('store-publish', { job: this.#job, generation, fence, canary });
  }

  async withdraw(fence: Fence): Promise<void> {
    await this.#ask('store-withdraw', { job: this.#job, fence });
  }

  async drop(generation: string, fence: Fence): Promise<void> {
    await this.#ask('store-drop', { job: this.#job, generation, fence });
  }

  async getMany(generation: string, keys: readonly ValueAddress[]): Promise<readonly (string | undefined)[]> {
    const values = await this.#ask('store-values', { job: this.#job, generation, keys });
    return values.map((value) => value ?? undefined);
  }

  close(): Promise<void> {
    return this.#pointer.close();
  }

  /** Each may be done twice. A store that ends every process which opens it is one that cannot be used. */
  async #ask<N extends TaskName>(task: N, request: TaskRequest<N>): Promise<TaskResult<N>> {
    try {
      return await this.#workers.runRetrying(task, request);
    } catch (error) {
      if (!(error instanceof ServeBatchError) || error.code !== 'CHILD_DIED') throw error;
      throw new ServeBatchError(
        'STORE_UNAVAILABLE',
        `The store ${this.url} cannot be used: ${error.message}`,
        { cause: error, fields: { ...error.fields, url: this.url } },
      );
    }
  }
}
