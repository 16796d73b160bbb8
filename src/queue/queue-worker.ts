import { hostname } from 'node:os';
import type { Job, Worker } from 'bullmq';
import type { Log } from '../core/effects.ts';
import { type ServeBatchError, serializeError, toServeBatchError } from '../core/errors.ts';
import { inSpan, type SpanOptions } from '../core/tracing.ts';
import type { ShardRecord } from '../runs/record/shard-record.ts';
import type { StartWorkers } from '../tasks/workers.ts';
import { isGone, PlanFinder } from './find-plan.ts';
import { PlaceWorkers } from './place-workers.ts';
import { checkQueueServer, queueConnection } from './queue-server.ts';
import { isOfThisMachine, waitAfterRefusal } from './refusal.ts';
import { errorText, QUEUE_NAME, type ShardJob } from './shard-job.ts';

/** A worker that is lost so often takes its shard with it. */
const MOST_STALLS = 10;
/** After a refusal a worker leaves the queue to others for so long, in milliseconds. */
const PAUSE_MS = 2000;

export interface QueueWorkerOptions {
  readonly url: string;
  /** Shards at the same time. */
  readonly processes: number;
  /** The output folder as this machine sees it; null: under the path that the other machine says. */
  readonly output: string | null;
  /** So long a worker may be silent before others get its shards. */
  readonly lockMs: number;
  readonly startWorkers: StartWorkers;
  /** Ends everything at once. */
  readonly signal: AbortSignal;
  /** Takes no more shards, and ends when those under way are done. */
  readonly drain: AbortSignal;
  readonly log: Log;
  readonly onShard?: (record: ShardRecord, job: ShardJob) => void;
}

type ShardWorker = Worker<ShardJob, void, 'shard'>;

/** Takes shards from the queue until it is told to end. */
export async function serveQueue(options: QueueWorkerOptions): Promise<void> {
  await checkQueueServer(options.url, options.drain);
  const { Worker, DelayedError, UnrecoverableError } = await import('bullmq');
  const workers = new PlaceWorkers(options.startWorkers, options.processes, options.signal);
  const handler = new ShardHandler(options, workers, { DelayedError, UnrecoverableError });
  const over = new AbortController();
  const worker: ShardWorker = new Worker(QUEUE_NAME, handler.handle, {
    connection: queueConnection(options.url, { over: over.signal }),
    name: `${hostname()}:${process.pid}`,
    concurrency: options.processes,
    lockDuration: options.lockMs,
    stalledInterval: options.lockMs / 2,
    maxStalledCount: MOST_STALLS,
  });
  handler.pause = () => pauseFor(worker, options);
  listen(worker, options.log);
  try {
    await aborted(options.drain, options.signal);
    await Promise.race([worker.close(), aborted(options.signal)]);
  } finally {
    over.abort();
    await workers.close();
    // A connection that was never made says so.
    await worker.disconnect().catch(() => {});
  }
}

/** What goes wrong between worker and queue is told, and mended by the queue: the records are what counts. */
function listen(worker: ShardWorker, log: Log): void {
  let isAway = false;
  worker.on('ready', () => {
    if (isAway) log.info('the queue answers again');
    isAway = false;
  });
  worker.on('error', (error) => {
    const lost = /ECONN|ETIMEDOUT|EPIPE|Connection is closed|Socket timeout/.test(String(error));
    if (lost && isAway) return;
    isAway ||= lost;
    log.warn(lost ? 'the queue does not answer; shards under way go on' : 'the queue says', {
      reason: error.message,
    });
  });
  worker.on('lockRenewalFailed', (jobIds) => {
    log.warn('others may have these shards by now: they are given up here', { shards: jobIds });
    for (const jobId of jobIds) worker.cancelJob(jobId);
  });
}

async function pauseFor(worker: ShardWorker, { signal, drain }: QueueWorkerOptions): Promise<void> {
  await worker.pause(true);
  setTimeout(() => {
    if (!signal.aborted && !drain.aborted) worker.resume();
  }, PAUSE_MS).unref();
}

/** Resolves once one of the signals is aborted. */
function aborted(...signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const any = AbortSignal.any([...signals]);
    if (any.aborted) resolve();
    any.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Errors by which a handler tells BullMQ what becomes of a job. */
interface QueueErrors {
  readonly DelayedError: new () => Error;
  readonly UnrecoverableError: new (message: string) => Error;
}

/** A part of the run that handed the shard out, in another process. */
function spanOf({ job, runId, index, trace }: ShardJob): SpanOptions {
  return {
    name: `process ${QUEUE_NAME}`,
    kind: 'consumer',
    parent: trace,
    attributes: {
      'messaging.system': 'bullmq',
      'messaging.destination.name': QUEUE_NAME,
      'messaging.operation.type': 'process',
      'serve_batch.job': job,
      'serve_batch.run_id': runId,
      'serve_batch.shard': index,
    },
  };
}

class ShardHandler {
  readonly #options: QueueWorkerOptions;
  readonly #workers: PlaceWorkers;
  readonly #errors: QueueErrors;
  readonly #plans: PlanFinder;
  pause = async (): Promise<void> => {};

  constructor(options: QueueWorkerOptions, workers: PlaceWorkers, errors: QueueErrors) {
    this.#options = options;
    this.#workers = workers;
    this.#plans = new PlanFinder(options.output);
    this.#errors = errors;
  }

  readonly handle = async (
    job: Job<ShardJob, void, 'shard'>,
    token?: string,
    cancelled?: AbortSignal,
  ): Promise<void> => {
    try {
      const record = await inSpan(spanOf(job.data), () => this.#compute(job, cancelled));
      this.#options.onShard?.(record, job.data);
    } catch (error) {
      await this.#giveBack(job, token, toServeBatchError(error), cancelled);
    }
  };

  async #compute(job: Job<ShardJob>, cancelled: AbortSignal | undefined): Promise<ShardRecord> {
    const { data } = job;
    const { runId, index, memoryLimit, rejectLimit, handedOutAt } = data;
    const { folderOfJob } = await this.#plans.find(data);
    const attempt = job.attemptsMade + job.stalledCounter + 1;
    const task = { runId, index, memoryLimit, rejectLimit, handedOutAt, attempt, loadUnder: null };
    const { record } = await this.#workers.use(folderOfJob, (workers) =>
      workers.run('shard', task, cancelled === undefined ? {} : { signal: cancelled }),
    );
    return record;
  }

  /** Throws what tells the queue whether, and when, another worker gets the shard. */
  async #giveBack(
    job: Job<ShardJob>,
    token: string | undefined,
    error: ServeBatchError,
    cancelled: AbortSignal | undefined,
  ): Promise<never> {
    const { signal, log } = this.#options;
    // The process ends: the shard waits no longer than for the next worker.
    if (signal.aborted) return this.#delay(job, token, 0);
    if (cancelled?.aborted) throw new Error('the lock of the shard was lost');
    const { data } = job;
    log.warn(`shard ${data.index} of ${data.job} failed here`, { runId: data.runId, error: error.message });
    if (await isGone(data, this.#options.output)) throw new this.#errors.UnrecoverableError(errorText(error));
    if (isOfThisMachine(error)) return this.#refuse(job, token, error);
    if (error.retryable || error.code === 'INTERNAL') throw new Error(errorText(error));
    throw new this.#errors.UnrecoverableError(errorText(error));
  }

  async #refuse(job: Job<ShardJob>, token: string | undefined, error: ServeBatchError): Promise<never> {
    const { data } = job;
    const waitMs = waitAfterRefusal(data, error);
    if (waitMs === null) throw new this.#errors.UnrecoverableError(errorText(error));
    const { stack: _, ...reason } = serializeError(error);
    const refusal = { worker: `${hostname()}:${process.pid}`, error: reason };
    await job.updateData({ ...data, refusals: [...data.refusals, refusal] });
    await this.pause();
    return this.#delay(job, token, waitMs);
  }

  async #delay(job: Job<ShardJob>, token: string | undefined, ms: number): Promise<never> {
    await job.moveToDelayed(Date.now() + ms, token);
    throw new this.#errors.DelayedError();
  }
}
