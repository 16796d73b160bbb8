import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { deserializeError, type ServeBatchError } from '../core/errors.ts';
import { traceContext } from '../core/tracing.ts';
import type { TaskName } from '../tasks/tasks.ts';
import type { TaskOptions, WorkPlace } from '../tasks/workers.ts';
import { diedError, startError } from './lost-child.ts';
import type { FromChild, ToChild } from './messages.ts';

/** A child that was asked to stop a task, or to end, and does not, is killed after this time. */
const PATIENCE_MS = 5000;

interface Pending {
  readonly id: number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onRows: (rows: number) => void;
}

/** One child process, as its parent sees it: it does one task at a time. */
export class Child {
  /** Resolves once it has ended, or could not be started, with the error of whoever still waits for it. */
  readonly ended: Promise<ServeBatchError>;
  readonly usesTls: boolean;
  /** Null: it could not be started. */
  readonly #process: ChildProcess | null;
  readonly #patienceMs: number;
  /** Told of each line that it writes to its standard error, where that is a pipe. */
  onSaid: ((line: string) => void) | null = null;
  #isAlive = true;
  #place: WorkPlace | null = null;
  #pending: Pending | null = null;
  #lastId = 0;

  /**
   * @param patienceMs how long it may take to stop a task, or to end, once it is told to
   * @param usesTls whether it knows the certificates to speak TLS with
   */
  constructor(start: () => ChildProcess, patienceMs = PATIENCE_MS, usesTls = true) {
    this.#patienceMs = patienceMs;
    this.usesTls = usesTls;
    try {
      this.#process = start();
      this.#process.on('message', (message) => this.#receive(message as FromChild));
      if (this.#process.stderr !== null)
        createInterface({ input: this.#process.stderr }).on('line', (line) => this.onSaid?.(line));
      this.ended = this.#untilEnded(this.#process);
    } catch (error) {
      this.#process = null;
      this.#isAlive = false;
      this.ended = Promise.resolve(startError(error));
    }
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Whether it has had a task. */
  get wasUsed(): boolean {
    return this.#lastId > 0;
  }

  /** Throws what the task throws, `CHILD_DIED`, or the signal's reason once the task has stopped. */
  async run(task: TaskName, request: unknown, place: WorkPlace, options: TaskOptions): Promise<unknown> {
    const { onRows = () => {}, signal } = options;
    signal?.throwIfAborted();
    if (!this.#isAlive) throw await this.ended;
    if (this.#place !== place) this.#send({ place });
    this.#place = place;
    const id = ++this.#lastId;
    const answer = new Promise((resolve, reject) => {
      this.#pending = { id, resolve, reject, onRows };
    });
    this.#send({ id, task, request, trace: traceContext() });
    if (signal === undefined) return answer;
    const patience = new Patience(this, this.#patienceMs);
    const stop = (): void => {
      this.#send({ stop: id });
      patience.start();
    };
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await answer;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      patience.end();
      signal.removeEventListener('abort', stop);
    }
  }

  kill(): void {
    this.#process?.kill('SIGKILL');
  }

  /** It ends by itself when its channel closes, after it has put its things away. */
  async end(): Promise<void> {
    // It has nothing to put away, and may still be loading.
    if (!this.wasUsed) this.kill();
    else if (this.#process?.connected) this.#process.disconnect();
    const patience = new Patience(this, this.#patienceMs);
    patience.start();
    await this.ended;
    patience.end();
  }

  /** What cannot be sent is not answered either: then the child is about to end, or has to. */
  #send(message: ToChild): void {
    this.#process?.send?.(message, (error) => {
      if (error !== null) this.kill();
    });
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

  #untilEnded(child: ChildProcess): Promise<ServeBatchError> {
    return new Promise((resolve) => {
      const ended = (error: ServeBatchError): void => {
        this.#isAlive = false;
        resolve(error);
        this.#pending?.reject(error);
        this.#pending = null;
      };
      child.once('exit', (code, signal) => ended(diedError({ pid: child.pid, code, signal })));
      // Of a child that never started there is no exit. Other errors, of sending and killing, say nothing new.
      child.on('error', (error) => {
        if (child.pid === undefined) ended(startError(error));
      });
    });
  }
}

/** Kills a child unless it has done in time what it was asked. */
class Patience {
  readonly #child: Child;
  readonly #ms: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(child: Child, ms: number) {
    this.#child = child;
    this.#ms = ms;
  }

  start(): void {
    this.#timer = setTimeout(() => this.#child.kill(), this.#ms);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
