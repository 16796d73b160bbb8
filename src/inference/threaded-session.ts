import './disable-telemetry.ts';
import { once } from 'node:events';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { deserializeError, ServeBatchError } from '../core/errors.ts';
import type { ModelSignature } from '../core/model.ts';
import type { TensorData } from '../core/tensor-data.ts';
import { localModel } from './local-model.ts';
import type { SessionOptions, TensorValue } from './model-session.ts';
import { RowLimit } from './row-limit.ts';
import type { Session } from './session.ts';
import type { FromThread, ThreadStart, ToThread } from './thread-messages.ts';

interface Pending {
  readonly resolve: (message: FromThread) => void;
  readonly reject: (error: unknown) => void;
}

/** A model on a device, in a thread of its own: the next batch is made while the device computes. */
export class ThreadedSession implements Session {
  readonly path: string;
  readonly rowLimit = new RowLimit();
  readonly columns = null;
  readonly #worker: Worker;
  readonly #exited: Promise<unknown>;
  readonly #pending: Pending[] = [];
  #signature: ModelSignature | null = null;

  private constructor(path: string, file: string, options: SessionOptions) {
    this.path = path;
    const workerData: ThreadStart = { path, file, options };
    // Shared, since the environment that switches telemetry off has to be that of the process.
    this.#worker = new Worker(new URL('./session-thread.js', import.meta.url), {
      workerData,
      env: SHARE_ENV,
    });
    this.#worker.on('message', (message: FromThread) => this.#pending.shift()?.resolve(message));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#exited = once(this.#worker, 'exit').catch(() => {});
    void this.#exited.then(() =>
      this.#fail(new ServeBatchError('INTERNAL', 'The thread of the model ended.')),
    );
  }

  /** Throws what opening a {@link ModelSession} throws. */
  static async open(path: string, options: SessionOptions): Promise<ThreadedSession> {
    const session = new ThreadedSession(path, await localModel(path), options);
    const message = await session.#answer();
    if ('opened' in message) {
      session.#signature = message.opened;
      return session;
    }
    await session.#exited;
    throw 'error' in message ? deserializeError(message.error) : new TypeError('not an answer to opening');
  }

  get signature(): ModelSignature {
    if (this.#signature === null) throw new TypeError('The model is not open yet');
    return this.#signature;
  }

  async run(
    feeds: ReadonlyMap<string, TensorValue>,
    outputs: readonly string[],
  ): Promise<ReadonlyMap<string, TensorValue>> {
    const copies = [...feeds].map(([name, { data, dims }]) => [name, { data: copyOf(data), dims }] as const);
    const buffers = copies.flatMap(([, { data }]) =>
      Array.isArray(data) ? [] : [data.buffer as ArrayBuffer],
    );
    const answer = this.#answer();
    this.#worker.postMessage({ feeds: copies, outputs } satisfies ToThread, buffers);
    const message = await answer;
    if ('values' in message) return new Map(message.values);
    throw new Error('failed' in message ? message.failed : 'not an answer to a call');
  }

  async close(): Promise<void> {
    this.#worker.postMessage(null satisfies ToThread);
    await this.#exited;
  }

  #answer(): Promise<FromThread> {
    return new Promise((resolve, reject) => this.#pending.push({ resolve, reject }));
  }

  #fail(error: unknown): void {
    for (const { reject } of this.#pending.splice(0)) reject(error);
  }
}

/** The rows alone, which are then handed over: a message takes the whole buffer behind a view with it. */
function copyOf(data: TensorData): TensorData {
  return data.slice();
}
