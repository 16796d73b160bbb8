import type { ServeBatchError } from '../../src/core/errors.ts';
import type { TaskName, TaskRequest, TaskResult } from '../../src/tasks/tasks.ts';
import type { WorkerState } from '../../src/tasks/worker-state.ts';
import type { OwnedWorkers, TaskOptions, WorkerSource, WorkersOptions } from '../../src/tasks/workers.ts';
import { built } from './built.ts';
import { shareRecipes, takeRecipes } from './shared-recipes.ts';

const { TASK_HANDLERS } =
  await built<typeof import('../../src/tasks/task-handlers.ts')>('tasks/task-handlers.ts');
const tasks = await built<typeof import('../../src/tasks/worker-state.ts')>('tasks/worker-state.ts');
const { serializeError, deserializeError } =
  await built<typeof import('../../src/core/errors.ts')>('core/errors.ts');

/**
 * Workers in the process of the tests, of the built program: they do what children do, without the start of a
 * process. Requests, results and errors go through JSON, as they do between processes.
 */
export const inProcess: WorkerSource = {
  prepare() {},
  start: (options) => new InProcessWorkers(options),
  async close() {},
};

/** One that does one task at a time, and what it keeps between them. */
interface Worker {
  readonly state: WorkerState;
  last: Promise<unknown>;
  wasUsed: boolean;
}

class InProcessWorkers implements OwnedWorkers {
  readonly #options: WorkersOptions;
  readonly #workers: Worker[];
  readonly #closed = new AbortController();
  #next = 0;

  constructor(options: WorkersOptions) {
    this.#options = options;
    this.#workers = Array.from({ length: options.size }, () => ({
      state: new tasks.WorkerState(options.place),
      last: Promise.resolve(),
      wasUsed: false,
    }));
  }

  warmUp(): void {}

  run<N extends TaskName>(
    task: N,
    request: TaskRequest<N>,
    options: TaskOptions = {},
  ): Promise<TaskResult<N>> {
    const worker = this.#workers[this.#next++ % this.#workers.length];
    if (worker === undefined) throw new TypeError('There are no workers');
    return this.#runIn(worker, task, request, options);
  }

  /** None is ever lost. */
  runRetrying<N extends TaskName>(
    task: N,
    request: TaskRequest<N>,
    options?: TaskOptions,
  ): Promise<TaskResult<N>> {
    return this.run(task, request, options);
  }

  runInAll<N extends TaskName>(task: N, request: TaskRequest<N>): Promise<TaskResult<N>[]> {
    const used = this.#workers.filter(({ wasUsed }) => wasUsed);
    return Promise.all(used.map((worker) => this.#runIn(worker, task, request, {})));
  }

  async close(): Promise<void> {
    this.#closed.abort(new Error('The workers were closed before the task was done.'));
    await Promise.all(this.#workers.map(({ last }) => last));
    for (const { state } of this.#workers.splice(0)) await state.close();
  }

  #runIn<N extends TaskName>(
    worker: Worker,
    task: N,
    request: TaskRequest<N>,
    { onRows = () => {}, signal }: TaskOptions,
  ): Promise<TaskResult<N>> {
    const stops = [this.#options.signal, this.#closed.signal, ...(signal === undefined ? [] : [signal])];
    const stop = AbortSignal.any(stops);
    const result = worker.last.then(async () => {
      stop.throwIfAborted();
      worker.wasUsed = true;
      const effects = { now: () => new Date(), onRows, signal: stop };
      try {
        return asJson(
          await withRecipes(worker.state.folder, task, request, () =>
            TASK_HANDLERS[task](worker.state, asJson(request), effects),
          ),
        );
      } catch (error) {
        stop.throwIfAborted();
        throw deserializeError(asJson(serializeError(error))) as ServeBatchError;
      }
    });
    worker.last = result.catch(() => {});
    return result;
  }
}

/** Compiling a model and comparing it with ONNX Runtime takes longer than a small run: once for all tests will do. */
async function withRecipes<N extends TaskName, T>(
  folder: string,
  task: N,
  request: TaskRequest<N>,
  work: () => Promise<T>,
): Promise<T> {
  if (task === 'plan') await takeRecipes(folder, (request as TaskRequest<'plan'>).plan.identity.modelSha256);
  const result = await work();
  if (task === 'choose-engine')
    await shareRecipes(folder, (request as TaskRequest<'choose-engine'>).plan.model.sha256);
  return result;
}

function asJson<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}
