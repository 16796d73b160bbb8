import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../core/effects.ts';
import { ServeBatchError, toServeBatchError } from '../core/errors.ts';
import type { ShardPlan } from '../core/plan.ts';
import type { Fence } from '../kv/store.ts';
import type { RunShardsRequest, ShardEngine } from '../tasks/shard-engine.ts';

const FIRST_BACKOFF_MS = 250;
/**
 * Rows for each process, after which all of them let go of the store's file: pages that they have touched, some 5 MB a
 * million rows, count as their memory. They wait for each other then, for half a shard or less.
 */
const ROWS_PER_MAPPING = 2_000_000;

/** Workers of this process. */
export const LOCAL_ENGINE: ShardEngine = { ownsEarlier: false, compute: runShards };

/**
 * Has workers compute shards. When one fails for good no new one starts, those under way finish (what
 * they commit is kept for the next command), and the first failure is thrown.
 */
export async function runShards(request: RunShardsRequest): Promise<void> {
  const { shards, loadUnder, mapsStore, processes } = request;
  const store = new StoreSwitch(loadUnder, request.log);
  const mostRows = loadUnder !== null && mapsStore ? processes * ROWS_PER_MAPPING : Number.POSITIVE_INFINITY;
  let first = 0;
  do {
    const inARow = shardsOfRows(shards.slice(first), mostRows);
    await computeInARow(request, inARow, store);
    if (loadUnder !== null) await finishLoads(request, store);
    first += inARow.length;
  } while (first < shards.length);
}

/** The first shards: up to the one with which they have so many rows. */
function shardsOfRows(shards: readonly ShardPlan[], mostRows: number): readonly ShardPlan[] {
  let rows = 0;
  const isLast = ({ rowStart, rowEnd }: ShardPlan): boolean => {
    rows += rowEnd - rowStart;
    return rows >= mostRows;
  };
  const last = shards.findIndex(isLast);
  return last === -1 ? shards : shards.slice(0, last + 1);
}

async function computeInARow(
  request: RunShardsRequest,
  shards: readonly ShardPlan[],
  store: StoreSwitch,
): Promise<void> {
  const waiting = [...shards];
  const failures: unknown[] = [];
  const goesOn = (): boolean => failures.length === 0 && request.drain?.aborted !== true;
  let atWork = 0;
  const work = async (): Promise<void> => {
    while (goesOn()) {
      const shard = waiting.shift();
      if (shard === undefined) return;
      atWork++;
      try {
        await runOneShard(request, shard, store);
      } catch (error) {
        failures.push(error);
      } finally {
        atWork--;
      }
    }
  };
  const sayDrain = (): void => request.log.info(drainText(request.drain?.reason, atWork));
  request.drain?.addEventListener('abort', sayDrain, { once: true });
  try {
    await Promise.all(Array.from({ length: request.processes }, work));
  } finally {
    request.drain?.removeEventListener('abort', sayDrain);
  }
  if (failures.length > 0) throw failures[0];
  request.drain?.throwIfAborted();
}

/** All workers at once, while none has a shard: whoever closes a store's file must not meet one who opens it. */
async function finishLoads(request: RunShardsRequest, store: StoreSwitch): Promise<void> {
  for (const report of await request.workers.runInAll('finish-loads', null)) {
    if (report.storeError !== null) store.turnOff(report.storeError.message);
    request.onLoads(report.stageSeconds);
  }
}

/** Said at once: to finish what is under way may take as long as the grace. */
function drainText(reason: unknown, shards: number): string {
  const again =
    reason instanceof ServeBatchError && reason.code === 'SIGTERM' ? 'send SIGTERM' : 'press Ctrl-C';
  return `finishing ${shards} ${shards === 1 ? 'shard' : 'shards'}; ${again} again to stop now`;
}

async function runOneShard(request: RunShardsRequest, shard: ShardPlan, store: StoreSwitch): Promise<void> {
  const { workers, run, signal, retries, log } = request;
  for (let attempt = 1; ; attempt++) {
    let reported = 0;
    const onRows = (rows: number): void => {
      reported += rows;
      request.onRows(rows);
    };
    try {
      const about = { index: shard.index, attempt, rejectLimit: request.rejectLimit() };
      const task = { ...run, ...about, loadUnder: store.loadUnder };
      const { record, callRows, stageSeconds, storeError } = await workers.run('shard', task, { onRows });
      if (storeError !== null) store.turnOff(storeError.message);
      request.onLoads(stageSeconds);
      if (callRows !== null) await request.onCallRows(callRows);
      request.onShard(record);
      return;
    } catch (error) {
      signal.throwIfAborted();
      request.onRows(-reported);
      request.drain?.throwIfAborted();
      const failure = toServeBatchError(error);
      if (!canRetry(failure) || attempt > retries) throw shardError(shard, attempt, failure);
      const waitMs = FIRST_BACKOFF_MS * 2 ** (attempt - 1);
      log.warn(`shard ${shard.index} failed and is tried again`, {
        shard: shard.index,
        attempt,
        waitMs,
        error: failure.message,
      });
      await sleep(waitMs, undefined, { signal });
    }
  }
}

/** What the user has to mend is not tried again; what nobody expected may have been chance. */
function canRetry(error: ServeBatchError): boolean {
  return error.retryable || error.code === 'INTERNAL';
}

function shardError(shard: ShardPlan, attempts: number, cause: ServeBatchError): ServeBatchError {
  const fields = { ...cause.fields, shard: shard.index };
  if (attempts === 1)
    return new ServeBatchError(cause.code, cause.message, { cause, fields, exitCode: cause.exitCode });
  return new ServeBatchError(
    cause.code,
    `Shard ${shard.index} (rows ${shard.rowStart + 1} to ${shard.rowEnd}) failed ${attempts} times; the last time: ${cause.message}`,
    { cause, fields, exitCode: cause.exitCode },
  );
}

/**
 * A store that stops answering does not stop the computing: the parts are the source of truth, and it
 * is loaded from them at the end, or by `publish` later.
 */
class StoreSwitch {
  #loadUnder: Fence | null;
  readonly #log: Log;

  constructor(loadUnder: Fence | null, log: Log) {
    this.#loadUnder = loadUnder;
    this.#log = log;
  }

  get loadUnder(): Fence | null {
    return this.#loadUnder;
  }

  turnOff(reason: string): void {
    if (this.#loadUnder === null) return;
    this.#loadUnder = null;
    this.#log.warn('the store cannot be loaded now; scoring goes on, and the store is loaded later', {
      reason,
    });
  }
}
