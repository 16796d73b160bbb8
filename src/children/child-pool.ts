import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { deserializeError, ServeBatchError } from '../core/errors.ts';
import type { FromChild, TaskName, TaskRequest, TaskResult, ToChild } from './tasks.ts';

const TASK_RETRIES = 2;
const RETRY_MS = 250;

export interface PoolOptions {
  /** Children at work at once. */
  readonly size: number;
  readonly signal: AbortSignal;
}

/**
 * Child processes that take tasks. They start when they are first needed, serve one task after the
 * other, and are replaced when they die: the task they had fails with `CHILD_DIED`, which says the
 * signal, and may be given again.
 */
export class ChildPool {
  /** Children at work at once; larger from now on, where more is known than when the pool was made. */
  size: number;
  onChildDied: (error: ServeBatchError) => void = () => {};
  readonly #signal: AbortSignal;
  /** The last one is taken first: what it has loaded for one task often serves the next. */
  readonly #idle: Child[] = [];
  readonly #all = new Set<Child>();
  readonly #waiting: ((child: Child) => void)[] = [];
  #closed = false;

  constructor(options: PoolOptions) {
    this.size = options.size;
    this.#signal = options.signal;
    options.signal.addEventListener('abort', this.#kill, { once: true });
  }

  /** Starts so many children now, or all, so that loading their libraries overlaps with other work. */
  warmUp(children = this.size): void {
    // At the back of the queue: those that were started before have loaded before.
    while (this.#all.size < children) this.#idle.unshift(this.#spawn());
  }

  /**
   * Runs a task in the next free child. Throws what the task throws, `CHILD_DIED`, or the reason of the
   * signal.
   */
  async run<N extends TaskName>(
    task: N,
    request: TaskRequest<N>,
    onRows: (rows: number) => void = () => {},
  ): Promise<TaskResult<N>> {
    this.#signal.throwIfAborted();
    const child = await this.#acquire();
    try {
      return (await child.run(task, request, onRows)) as TaskResult<N>;
    } finally {
      this.#release(child);
    }
  }

  /**
   * As {@link run}, for tasks that may be done twice: where its child dies, another one gets it, at most
   * twice. Shards are tried again by run-shards.ts, which counts their attempts.
   */
  async runRetrying<N extends TaskName>(task: N, request: TaskRequest<N>): Promise<TaskResult<N>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.run(task, request);
      } catch (error) {
        const died = error instanceof ServeBatchError && error.code === 'CHILD_DIED';
        // A pool that was closed has ended its children itself: another one would live on.
        if (!died || this.#closed || attempt > TASK_RETRIES) throw error;
        await sleep(RETRY_MS, undefined, { signal: this.#signal });
        if (this.#closed) throw error;
      }
    }
  }

  /** Runs a task in each child that has had any, while none has another. Those that die meanwhile give nothing. */
  async runInAll<N extends TaskName>(task: N, request: TaskRequest<N>): Promise<TaskResult<N>[]> {
    const children = [...this.#all].filter(({ wasUsed }) => wasUsed);
    const results = await Promise.allSettled(children.map((child) => child.run(task, request, () => {})));
    this.#signal.throwIfAborted();
    return results.flatMap((each) => (each.status === 'fulfilled' ? [each.value as TaskResult<N>] : []));
  }

  /** Ends all children and waits for them. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#signal.removeEventListener('abort', this.#kill);
    await Promise.all([...this.#all].map((child) => child.end()));
  }

  readonly #kill = (): void => {
    for (const child of this.#all) child.kill();
  };

  #acquire(): Promise<Child> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return Promise.resolve(idle);
    if (this.#all.size < this.size) return Promise.resolve(this.#spawn());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #release(child: Child): void {
    const next = this.#waiting.shift();
    if (next !== undefined) next(child.isAlive ? child : this.#spawn());
    else if (child.isAlive) this.#idle.push(child);
  }

  #spawn(): Child {
    const child: Child = new Child((error) => {
      this.#all.delete(child);
      const index = this.#idle.indexOf(child);
      if (index !== -1) this.#idle.splice(index, 1);
      if (!this.#closed && !this.#signal.aborted) this.onChildDied(error);
    }, this.#signal);
    this.#all.add(child);
    return child;
  }
}

interface Pending {
  readonly id: number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onRows: (rows: number) => void;
}

class Child {
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #signal: AbortSignal;
  #pending: Pending | null = null;
  #lastId = 0;
  isAlive = true;

  constructor(onDied: (error: ServeBatchError) => void, signal: AbortSignal) {
    this.#signal = signal;
    this.#process = fork(fileURLToPath(new URL('./child.js', import.meta.url)), [], {
      // Inputs, plans and results are plain JSON; standard output is the parent's own.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // Batches leave much that is short-lived: a small young generation and few malloc arenas keep a
      // child's memory the same however many shards it computes (7 M rows: 290 MB without, 250 MB with).
      execArgv: ['--max-semi-space-size=1'],
      env: { ...process.env, MALLOC_ARENA_MAX: '2', ORT_DISABLE_TELEMETRY: '1' },
    });
    this.#process.on('message', (message) => this.#receive(message as FromChild));
    this.#process.on('error', () => {});
    this.#exited = new Promise((resolve) => {
      this.#process.once('exit', (code, killedBy) => {
        this.isAlive = false;
        const error = diedError(this.#process.pid, code, killedBy);
        onDied(error);
        this.#pending?.reject(this.#signal.aborted ? this.#signal.reason : error);
        this.#pending = null;
        resolve();
      });
    });
  }

  /** Whether it has had a task. */
  get wasUsed(): boolean {
    return this.#lastId > 0;
  }

  run(task: TaskName, request: unknown, onRows: (rows: number) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#pending = { id, resolve, reject, onRows };
      const message: ToChild = { id, task, request };
      // A child that cannot be written to is about to exit: its exit rejects the task.
      this.#process.send(message, () => {});
    });
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /** The child ends by itself when its channel closes, after it has put its things away. */
  async end(): Promise<void> {
    // It has nothing to put away, and may still be loading.
    if (!this.wasUsed) this.kill();
    else if (this.#process.connected) this.#process.disconnect();
    const timer = setTimeout(() => this.kill(), 5000);
    await this.#exited;
    clearTimeout(timer);
  }

  #receive(message: FromChild): void {
    const pending = this.#pending;
    if (pending === null || message.id !== pending.id) return;
    if ('rows' in message) {
      pending.onRows(message.rows);
      return;
    }
    this.#pending = null;
    if ('error' in message) pending.reject(deserializeError(message.error));
    else pending.resolve(message.result);
  }
}

function diedError(
  pid: number | undefined,
  code: number | null,
  signal: NodeJS.Signals | null,
): ServeBatchError {
  const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
  const hint =
    signal === 'SIGKILL'
      ? ' The system may have run out of memory: lower --processes or --shard-rows.'
      : signal === 'SIGSEGV' || signal === 'SIGABRT' || signal === 'SIGILL' || signal === 'SIGFPE'
        ? ' The model or the input crashed native code.'
        : '';
  return new ServeBatchError(
    'CHILD_DIED',
    `The child process ${pid ?? ''} ${how} before it answered.${hint}`,
    {
      fields: { ...(signal === null ? {} : { signal }), ...(code === null ? {} : { exitCode: code }) },
    },
  );
}
