import { setTimeout as sleep } from 'node:timers/promises';
import type { Queue, QueueEvents } from 'bullmq';
import type { Plan } from '../core/plan.ts';
import { untilAborted } from '../core/until-aborted.ts';
import { queueConnection } from './queue-server.ts';
import { indexOf, jobIdOf, QUEUE_NAME, type ShardJob } from './shard-job.ts';

/** Shards that are added, looked up or removed with one call. */
const AT_ONCE = 500;
/** What does not close in so long closes by itself. */
const CLOSE_MS = 1000;
/** Between two attempts of a shard that failed, in milliseconds; it doubles. */
const BACKOFF_MS = 1000;

type ShardsQueue = Queue<ShardJob, void, 'shard', ShardJob, void, 'shard'>;

export interface QueueListener {
  /** A worker says that it has done the shard. */
  readonly onDone: (index: number) => void;
  /** The queue has given up the shard. */
  readonly onFailed: (index: number, reason: string) => void;
}

/** The shards of one run in the queue, as the process sees them that hands them out. */
export class ShardQueue {
  readonly #queue: ShardsQueue;
  readonly #events: QueueEvents;
  readonly #runId: string;
  readonly #over: AbortController;

  private constructor(queue: ShardsQueue, events: QueueEvents, runId: string, over: AbortController) {
    this.#queue = queue;
    this.#events = events;
    this.#runId = runId;
    this.#over = over;
  }

  static async open(
    url: string,
    { runId }: Pick<Plan, 'runId'>,
    listener: QueueListener,
    { signal, silenceMs }: { readonly signal: AbortSignal; readonly silenceMs?: number },
  ): Promise<ShardQueue> {
    const { Queue, QueueEvents } = await import('bullmq');
    const over = new AbortController();
    const connection = queueConnection(url, {
      over: over.signal,
      ...(silenceMs === undefined ? {} : { silenceMs }),
    });
    const queue = new Queue<ShardJob, void, 'shard', ShardJob, void, 'shard'>(QUEUE_NAME, { connection });
    const events = new QueueEvents(QUEUE_NAME, { connection });
    // Connections are made again by themselves; without a listener an error would end the process.
    queue.on('error', () => {});
    events.on('error', () => {});
    events.on('completed', ({ jobId }) => {
      const index = indexOf(runId, jobId);
      if (index !== undefined) listener.onDone(index);
    });
    events.on('failed', ({ jobId, failedReason }) => {
      const index = indexOf(runId, jobId);
      if (index !== undefined) listener.onFailed(index, failedReason);
    });
    const opened = new ShardQueue(queue, events, runId, over);
    try {
      // A queue that is away is waited for.
      await untilAborted(signal, Promise.all([queue.waitUntilReady(), events.waitUntilReady()]));
      return opened;
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  /** A shard that lies in the queue already stays as it is. */
  async add(shards: readonly ShardJob[], attempts: number): Promise<void> {
    for (const part of slicesOf(shards))
      await this.#queue.addBulk(
        part.map((data) => ({
          name: 'shard' as const,
          data,
          opts: {
            jobId: jobIdOf(data.runId, data.index),
            attempts,
            backoff: { type: 'exponential', delay: BACKOFF_MS },
            removeOnComplete: true,
            removeOnFail: true,
          },
        })),
      );
  }

  /** Which of these shards the queue does not hold: they were done, given up, or lost with its server. */
  async missing(indices: readonly number[]): Promise<readonly number[]> {
    const missing: number[] = [];
    for (const part of slicesOf(indices)) {
      const states = await Promise.all(
        part.map((index) => this.#queue.getJobState(jobIdOf(this.#runId, index))),
      );
      missing.push(...part.filter((_, place) => states[place] === 'unknown'));
    }
    return missing;
  }

  /** Which of these shards a worker has at the moment. */
  async active(indices: readonly number[]): Promise<readonly number[]> {
    const ids = new Set((await this.#queue.getActive(0, AT_ONCE)).map((job) => job.id));
    return indices.filter((index) => ids.has(jobIdOf(this.#runId, index)));
  }

  /** Takes shards back that no worker has begun. */
  async remove(indices: readonly number[]): Promise<void> {
    for (const part of slicesOf(indices))
      await Promise.all(part.map((index) => this.#queue.remove(jobIdOf(this.#runId, index)).catch(() => 0)));
  }

  workers(): Promise<number> {
    return this.#queue.getWorkersCount();
  }

  async close(): Promise<void> {
    this.#over.abort();
    // A connection that was never made has to fail first.
    // `disconnect` alone would leave the reading of events to begin again every five seconds, for ever.
    const closed = Promise.allSettled([this.#events.close(), this.#queue.disconnect()]);
    await Promise.race([closed, sleep(CLOSE_MS, undefined, { ref: false })]);
  }
}

function* slicesOf<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += AT_ONCE) yield items.slice(start, start + AT_ONCE);
}
