import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { FEATURES } from '../data/feature-sql.ts';
import type { Measurement } from '../measure/measurement.ts';
import type { FeatureValues, InferenceRequest, WorkerAnswer, WorkerOrder } from './inference-messages.ts';

const WORKER = fileURLToPath(new URL('./inference-worker.js', import.meta.url));
const BATCH_ROWS = [1024, 4096] as const;
const PROBE_ROWS = 100_000;
/** Rows held in memory at once, 40 bytes each. Beyond that the time of so many is scaled up. */
const MAX_ROWS_HELD = 20_000_000;

export interface InferenceAlone {
  readonly model: string;
  /** Parquet. */
  readonly table: string;
  readonly rows: number;
  readonly processes: number;
  readonly values?: FeatureValues;
}

/**
 * The limit that no pipeline can pass: rows already in memory, one process a core with one thread each,
 * and nothing but model calls. All start at once; the time is from the first start to the last end.
 */
export async function measureInferenceAlone(limit: InferenceAlone): Promise<Measurement> {
  const held = Math.min(limit.rows, MAX_ROWS_HELD);
  const workers = requestsOf(limit, held).map(
    (request) => new Worker(fork(WORKER, [JSON.stringify(request)], { execArgv: [] })),
  );
  try {
    await Promise.all(workers.map((worker) => worker.ready));
    const scoreAll = (order: WorkerOrder) => Promise.all(workers.map((worker) => worker.score(order)));
    const batchRows = await bestBatchRows(scoreAll);
    const answers = await scoreAll({ rows: null, batchRows });
    const scale = limit.rows / held;
    return {
      rows: limit.rows,
      wallSeconds: wallSecondsOf(answers) * scale,
      cpuSeconds: answers.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) * scale,
      memory: null,
      details: { batchRows, processes: limit.processes, ...(scale > 1 ? { scaledFromRows: held } : {}) },
    };
  } finally {
    await Promise.all(workers.map((worker) => worker.end()));
  }
}

function requestsOf(
  { model, table, processes, values = 'real' }: InferenceAlone,
  rows: number,
): InferenceRequest[] {
  return Array.from({ length: processes }, (_, index) => ({
    model,
    table,
    rowStart: Math.floor((rows * index) / processes),
    rowEnd: Math.floor((rows * (index + 1)) / processes),
    columns: FEATURES.length,
    values,
  }));
}

async function bestBatchRows(
  scoreAll: (order: WorkerOrder) => Promise<readonly WorkerAnswer[]>,
): Promise<number> {
  const seconds = new Map<number, number>();
  for (const batchRows of BATCH_ROWS)
    seconds.set(batchRows, wallSecondsOf(await scoreAll({ rows: PROBE_ROWS, batchRows })));
  const [best] = [...seconds].sort(([, a], [, b]) => a - b);
  return best?.[0] ?? BATCH_ROWS[0];
}

function wallSecondsOf(answers: readonly WorkerAnswer[]): number {
  const start = Math.min(...answers.map(({ startMs }) => startMs));
  const end = Math.max(...answers.map(({ endMs }) => endMs));
  return (end - start) / 1000;
}

class Worker {
  readonly ready: Promise<unknown>;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.ready = this.#message();
    // Awaited together with the others: until then nobody looks at it.
    this.ready.catch(() => {});
  }

  async score(order: WorkerOrder): Promise<WorkerAnswer> {
    const answer = this.#message();
    this.#child.send(order);
    return (await answer) as WorkerAnswer;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  #message(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null): void =>
        reject(new Error(`A process of inference alone ended with ${code}.`));
      this.#child.once('exit', onExit);
      this.#child.once('message', (message) => {
        this.#child.off('exit', onExit);
        resolve(message);
      });
    });
  }
}
