import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServeBatchError } from '../core/errors.ts';
import { publicPath } from '../core/files/mirror.ts';
import { traceContext } from '../core/tracing.ts';
import { untilAborted } from '../core/until-aborted.ts';
import { runPaths } from '../runs/layout.ts';
import type { RunShardsRequest, ShardEngine } from '../tasks/shard-engine.ts';
import { checkQueueServer } from './queue-server.ts';
import { RecordWatch } from './record-watch.ts';
import { errorOf, type ShardJob } from './shard-job.ts';
import { ShardQueue } from './shard-queue.ts';

/** How often the folder is listed, whatever the queue says: events may be lost. */
const LIST_MS = 2000;
/** How often it is looked up whether the queue still holds what is missing: its server may have lost it. */
const CHECK_MS = 5000;
/** How often one shard is handed out again where the queue lost it, or a worker said "done" and there is no record. */
const MOST_LOSSES = 10;
/** Without a worker for so long, somebody is told. */
const LONELY_MS = 30_000;

/** Workers elsewhere, who take shards from a queue. */
export function queueEngine(url: string): ShardEngine {
  return { ownsEarlier: false, compute: (request) => handOut(request, url) };
}

/**
 * Hands the shards of a run out to workers, and waits for their records. The queue is only transport: what counts
 * is what the output folder says, and a queue that was emptied is filled again.
 */
async function handOut(request: RunShardsRequest, url: string): Promise<void> {
  if (request.shards.length === 0) return;
  await checkQueueServer(url, request.drain);
  const hints = new Hints();
  const queue = await ShardQueue.open(url, request.plan, hints, request);
  try {
    await new Coordinator(request, queue, hints).run();
  } finally {
    await queue.close();
  }
}

/** What the queue has told since it was asked last. */
class Hints {
  readonly #done = new Set<number>();
  readonly #failed = new Map<number, string>();
  #wake = (): void => {};

  readonly onDone = (index: number): void => {
    this.#done.add(index);
    this.#wake();
  };

  readonly onFailed = (index: number, reason: string): void => {
    this.#failed.set(index, reason);
    this.#wake();
  };

  takeDone(): readonly number[] {
    const done = [...this.#done];
    this.#done.clear();
    return done;
  }

  takeFailed(): ReadonlyMap<number, string> {
    const failed = new Map(this.#failed);
    this.#failed.clear();
    return failed;
  }

  /** Until something is told, the time is over or a signal aborts. */
  async wait(ms: number, signals: readonly AbortSignal[]): Promise<void> {
    if (this.#done.size > 0 || this.#failed.size > 0) return;
    const over = new AbortController();
    this.#wake = () => over.abort();
    await sleep(ms, undefined, { signal: AbortSignal.any([over.signal, ...signals]) }).catch(() => {});
    this.#wake = () => {};
  }
}

class Coordinator {
  readonly #request: RunShardsRequest;
  readonly #queue: ShardQueue;
  readonly #hints: Hints;
  readonly #watch: RecordWatch;
  readonly #losses = new Map<number, number>();
  #check: Promise<void> | null = null;
  #fatal: ServeBatchError | null = null;
  #nextListMs = 0;
  #nextCheckMs = performance.now() + CHECK_MS;
  #lastWorkerMs = performance.now();
  #workers = -1;

  constructor(request: RunShardsRequest, queue: ShardQueue, hints: Hints) {
    this.#request = request;
    this.#queue = queue;
    this.#hints = hints;
    this.#watch = new RecordWatch(runPaths(request.folderOfJob, request.plan.runId), request.shards);
  }

  async run(): Promise<void> {
    const { signal, drain } = this.#request;
    try {
      await this.#add(this.#watch.pending.map(({ index }) => index));
      while (this.#watch.size > 0) {
        signal.throwIfAborted();
        drain?.throwIfAborted();
        await this.#hints.wait(LIST_MS, drain === undefined ? [signal] : [signal, drain]);
        await this.#look();
        for (const [index, reason] of this.#hints.takeFailed()) await this.#failed(index, reason);
        this.#checkSometimes();
        if (this.#fatal !== null) throw this.#fatal;
      }
    } catch (error) {
      await this.#takeBack();
      throw error;
    }
  }

  async #add(indices: readonly number[]): Promise<void> {
    const { plan, folderOfJob, run, rejectLimit, retries, signal } = this.#request;
    const planFile = publicPath(resolve(runPaths(folderOfJob, plan.runId).plan));
    const about = { planFile, job: plan.job, runId: plan.runId, memoryLimit: run.memoryLimit, refusals: [] };
    const trace = traceContext();
    const handedOutAt = new Date().toISOString();
    const limit = rejectLimit();
    const shards = indices.map(
      (index): ShardJob => ({
        ...{ ...about, index, handedOutAt, rejectLimit: limit },
        ...(trace === undefined ? {} : { trace }),
      }),
    );
    // A queue that is away is waited for.
    await untilAborted(signal, this.#queue.add(shards, retries + 1));
  }

  /** At what the queue says is done, and now and then at all. */
  async #look(): Promise<void> {
    const { onShard, onRows } = this.#request;
    const committed = (record: Parameters<typeof onShard>[0]): void => {
      onRows(record.rowsIn);
      onShard(record);
    };
    await this.#watch.look(this.#hints.takeDone(), committed);
    if (performance.now() < this.#nextListMs) return;
    await this.#watch.lookAtAll(committed);
    this.#nextListMs = performance.now() + LIST_MS;
  }

  async #failed(index: number, reason: string): Promise<void> {
    if (!this.#watch.has(index)) return;
    const error = errorOf(reason);
    // BullMQ gives up a shard whose worker was lost too often. It may have been the shard that killed them.
    if (error === undefined) return this.#again([index], reason);
    throw new ServeBatchError(error.code, `Shard ${index}: ${error.message}`, {
      cause: error,
      fields: { ...error.fields, shard: index },
      exitCode: error.exitCode,
    });
  }

  async #again(indices: readonly number[], why: string): Promise<void> {
    for (const index of indices) {
      const losses = (this.#losses.get(index) ?? 0) + 1;
      this.#losses.set(index, losses);
      if (losses > MOST_LOSSES)
        throw new ServeBatchError(
          'CHILD_DIED',
          `Shard ${index} was handed out ${losses} times, and there is no record of it (${why}). Look into the logs of the workers; the same command continues the run.`,
          { fields: { shard: index } },
        );
    }
    this.#request.log.warn(`${indices.length === 1 ? 'a shard is' : 'shards are'} handed out again`, {
      shards: indices.slice(0, 20),
      why,
    });
    await this.#add(indices);
  }

  /** Beside the watching, which a queue that is away does not stop. */
  #checkSometimes(): void {
    if (this.#check !== null || performance.now() < this.#nextCheckMs) return;
    this.#check = this.#checkQueue()
      // A queue that is away is waited for; what ends the run is thrown where the run is watched.
      .catch((error: unknown) => {
        if (error instanceof ServeBatchError) this.#fatal = error;
      })
      .finally(() => {
        this.#check = null;
        this.#nextCheckMs = performance.now() + CHECK_MS;
      });
  }

  async #checkQueue(): Promise<void> {
    await this.#countWorkers();
    const missing = await this.#queue.missing(this.#watch.pending.map(({ index }) => index));
    // Done in between, most of them.
    await this.#watch.look(missing, (record) => {
      this.#request.onRows(record.rowsIn);
      this.#request.onShard(record);
    });
    const lost = missing.filter((index) => this.#watch.has(index));
    if (lost.length > 0) await this.#again(lost, 'the queue does not hold it');
  }

  async #countWorkers(): Promise<void> {
    const { log, onWorkers } = this.#request;
    // Some servers do not list their clients.
    const workers = await this.#queue.workers().catch(() => -1);
    const now = performance.now();
    if (workers !== 0) this.#lastWorkerMs = now;
    else if (now - this.#lastWorkerMs > LONELY_MS) {
      log.warn('no worker listens to the queue: start some with "serve-batch worker --queue URL"');
      this.#lastWorkerMs = now;
    }
    if (workers !== this.#workers && workers >= 0) onWorkers?.(workers);
    this.#workers = workers;
  }

  /** What no worker has begun. Those under way commit their shards, and the next command finds them. */
  async #takeBack(): Promise<void> {
    const indices = this.#watch.pending.map(({ index }) => index);
    const patience = sleep(LIST_MS, undefined, { ref: false });
    await Promise.race([this.#queue.remove(indices).catch(() => {}), patience]);
    if (this.#request.drain?.aborted === true && !this.#request.signal.aborted)
      await this.#waitForActive(indices);
  }

  /** Shards that workers have may finish within the grace. */
  async #waitForActive(indices: readonly number[]): Promise<void> {
    const { signal } = this.#request;
    while (!signal.aborted) {
      // A queue that is silent ends nothing, and the grace does.
      const active = await untilAborted(signal, this.#queue.active(indices)).catch(() => []);
      if (active.length === 0) break;
      await sleep(500, undefined, { signal }).catch(() => {});
    }
    await this.#watch.lookAtAll((record) => this.#request.onShard(record));
  }
}
