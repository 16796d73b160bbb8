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
 * How long a short step may take: changing the pointer, dropping a file. Each is a moment's work, and waits for others'
 * moments; Redis gives up far earlier. LMDB itself waits for ever for a process that was stopped in its transaction.
 */
const STEP_MS = 120_000;

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
  readonly #stepMs: number;

  constructor(job: string, pointer: StorePointer, workers: Workers, stepMs = STEP_MS) {
    this.#stepMs = stepMs;
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
    await this.#step('store-ping', { job: this.#job });
  }

  async claim(fence: Fence): Promise<void> {
    await this.#step('store-claim', { job: this.#job, fence });
  }

  extend(generation: string, base: GenerationCopy, fence: Fence): Promise<boolean> {
    return this.#ask('store-extend', { job: this.#job, generation, base, fence });
  }

  async stagedShards(generation: string): Promise<ReadonlyMap<number, StagedCounts>> {
    return new Map(await this.#ask('store-staged', { job: this.#job, generation }));
  }

  async describe(generation: string, info: GenerationInfo, fence: Fence): Promise<void> {
    await this.#step('store-describe', { job: this.#job, generation, info, fence });
  }

  count(generation: string): Promise<GenerationCounts> {
    return this.#ask('store-count', { job: this.#job, generation });
  }

  async publish(generation: string, fence: Fence, canary: Canary | null = null): Promise<void> {
    await this.#step('store-publish', { job: this.#job, generation, fence, canary });
  }

  async withdraw(fence: Fence): Promise<void> {
    await this.#step('store-withdraw', { job: this.#job, fence });
  }

  async drop(generation: string, fence: Fence): Promise<void> {
    await this.#step('store-drop', { job: this.#job, generation, fence });
  }

  async getMany(generation: string, keys: readonly ValueAddress[]): Promise<readonly (string | undefined)[]> {
    const values = await this.#ask('store-values', { job: this.#job, generation, keys });
    return values.map((value) => value ?? undefined);
  }

  close(): Promise<void> {
    return this.#pointer.close();
  }

  /** As {@link StoreInWorkers.#ask}, of what has to be done in time: the worker that does not is ended. */
  async #step<N extends TaskName>(task: N, request: TaskRequest<N>): Promise<void> {
    const signal = AbortSignal.timeout(this.#stepMs);
    try {
      await this.#ask(task, request, signal);
    } catch (error) {
      if (error !== signal.reason) throw error;
      throw new ServeBatchError(
        'STORE_UNAVAILABLE',
        `The store ${this.url} did not do within ${this.#stepMs / 1000} s what takes a moment (${task}). Its disk may hang, or a process that was stopped (state T in "ps -eo pid,stat,args") holds its lock: continue or end that one, and give the same command again.`,
        { cause: error, fields: { url: this.url, task } },
      );
    }
  }

  /** Each may be done twice. A store that ends every process which opens it is one that cannot be used. */
  async #ask<N extends TaskName>(
    task: N,
    request: TaskRequest<N>,
    signal?: AbortSignal,
  ): Promise<TaskResult<N>> {
    try {
      return await this.#workers.runRetrying(task, request, signal === undefined ? {} : { signal });
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
