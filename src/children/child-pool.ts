import { ServeBatchError } from '../core/errors.ts';
import { mirrorOf, publicPath } from '../core/files/mirror.ts';
import { inSpan } from '../core/tracing.ts';
import { retryLost } from '../tasks/retry-lost.ts';
import type { TaskName, TaskRequest, TaskResult } from '../tasks/tasks.ts';
import type { OwnedWorkers, TaskOptions, WorkersOptions, WorkPlace } from '../tasks/workers.ts';
import type { Child } from './child-process.ts';

/** A child shows the same bucket in the same folder. */
function withBucket(place: WorkPlace): WorkPlace {
  return mirrorOf(place.folder) === undefined ? place : { ...place, bucket: publicPath(place.folder) };
}

/** A task that waits for a child. */
interface Waiting {
  readonly begin: (child: Child) => void;
  readonly giveUp: (reason: unknown) => void;
}

/**
 * Child processes that take tasks. They start when they are first needed, do one task after the other, and are
 * replaced when they die: the task they had fails with `CHILD_DIED`, which says the signal, and may be given
 * again.
 */
export class ChildPool implements OwnedWorkers {
  readonly #options: WorkersOptions;
  readonly #start: () => Child;
  /** The last one is taken first: what it has loaded for one task often serves the next. */
  readonly #idle: Child[] = [];
  readonly #all = new Set<Child>();
  readonly #waiting = new Set<Waiting>();
  /** Why nothing begins any more; null: it does. */
  #over: { readonly reason: unknown } | null = null;

  constructor(options: WorkersOptions, start: () => Child) {
    this.#options = { ...options, place: withBucket(options.place) };
    this.#start = start;
    options.signal.addEventListener('abort', this.#abort, { once: true });
    if (options.signal.aborted) this.#abort();
  }

  warmUp(children = this.#options.size): void {
    if (this.#over !== null) return;
    // At the back of the queue: those that were started before have loaded before.
    for (let started = this.#all.size; started < children; started++) this.#idle.unshift(this.#startChild());
  }

  async run<N extends TaskName>(
    task: N,
    request: TaskRequest<N>,
    options: TaskOptions = {},
  ): Promise<TaskResult<N>> {
    const child = await this.#freeChild(options.signal);
    return inSpan({ name: `task ${task}`, attributes: aboutTask(request) }, async () => {
      const result = await this.#runIn(child, task, request, options);
      return result as TaskResult<N>;
    });
  }

  runRetrying<N extends TaskName>(
    task: N,
    request: TaskRequest<N>,
    options: TaskOptions = {},
  ): Promise<TaskResult<N>> {
    return retryLost(() => this.run(task, request, options), options.signal ?? this.#options.signal);
  }

  async runInAll<N extends TaskName>(task: N, request: TaskRequest<N>): Promise<readonly TaskResult<N>[]> {
    this.#assertOpen();
    const used = this.#idle.filter((child) => child.wasUsed);
    for (const child of used) this.#idle.splice(this.#idle.indexOf(child), 1);
    const ends = await Promise.allSettled(used.map((child) => this.#runIn(child, task, request, {})));
    this.#assertOpen();
    return ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value as TaskResult<N>] : []));
  }

  async close(): Promise<void> {
    this.#options.signal.removeEventListener('abort', this.#abort);
    this.#endWith(
      new ServeBatchError('INTERNAL', 'The child processes were closed before the task was done.'),
    );
    await Promise.all([...this.#all].map((child) => child.end()));
  }

  readonly #abort = (): void => {
    this.#endWith(this.#options.signal.reason);
    for (const child of this.#all) child.kill();
  };

  /** From now on nothing begins, and what waits throws the reason: the first one, where there are two. */
  #endWith(reason: unknown): void {
    this.#over ??= { reason };
    for (const waiting of this.#waiting) waiting.giveUp(this.#over.reason);
    this.#waiting.clear();
  }

  #assertOpen(): void {
    if (this.#over !== null) throw this.#over.reason;
  }

  async #runIn(child: Child, task: TaskName, request: unknown, options: TaskOptions): Promise<unknown> {
    try {
      this.#assertOpen();
      return await child.run(task, request, this.#options.place, options);
    } catch (error) {
      // It ended since it was told to: that is no accident of the task.
      if (!child.isAlive) this.#assertOpen();
      throw error;
    } finally {
      if (child.isAlive) this.#idle.push(child);
      else this.#forget(child);
      this.#serveWaiting();
    }
  }

  async #freeChild(signal: AbortSignal | undefined): Promise<Child> {
    this.#assertOpen();
    signal?.throwIfAborted();
    return this.#takeFree() ?? this.#wait(signal);
  }

  async #wait(signal: AbortSignal | undefined): Promise<Child> {
    let giveUp = (): void => {};
    try {
      return await new Promise<Child>((resolve, reject) => {
        const waiting = { begin: resolve, giveUp: reject };
        this.#waiting.add(waiting);
        giveUp = () => {
          if (this.#waiting.delete(waiting)) reject(signal?.reason);
        };
        signal?.addEventListener('abort', giveUp, { once: true });
      });
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  }

  #serveWaiting(): void {
    for (const waiting of this.#waiting) {
      const child = this.#takeFree();
      if (child === null) return;
      this.#waiting.delete(waiting);
      waiting.begin(child);
    }
  }

  /** Null: all are at work. */
  #takeFree(): Child | null {
    if (this.#over !== null) return null;
    return this.#idle.pop() ?? (this.#all.size < this.#options.size ? this.#startChild() : null);
  }

  #startChild(): Child {
    const child = this.#start();
    this.#all.add(child);
    child.onSaid = this.#options.onSaid ?? null;
    void child.ended.then((error) => {
      this.#forget(child);
      if (this.#over === null) this.#options.onDied?.(error);
      this.#serveWaiting();
    });
    return child;
  }

  #forget(child: Child): void {
    this.#all.delete(child);
    const index = this.#idle.indexOf(child);
    if (index !== -1) this.#idle.splice(index, 1);
  }
}

function aboutTask(request: unknown) {
  const { runId, index } = (request ?? {}) as Readonly<Record<string, unknown>>;
  return {
    'serve_batch.run_id': typeof runId === 'string' ? runId : null,
    'serve_batch.shard': typeof index === 'number' ? index : null,
  };
}
