import type { Estimate, SampleCost } from '../../core/estimate.ts';
import type { Plan } from '../../core/plan.ts';
import { heldBytes } from '../../kv/held-bytes.ts';
import { storeKindOf } from '../../kv/store-kinds.ts';

/** Seconds of the store for each value, beside the worker's. Measured: 0.3 to 0.6 of Redis, 0.4 of LMDB. */
const STORE_SECONDS = { redis: 0.5e-6, lmdb: 0.4e-6 };
/** Seconds of commit, count and publication. */
const TAIL_SECONDS = 0.3;
/** Workers that compute at once slow each other down: the sample had the machine to itself. */
const SHARED_MACHINE = 1.2;
/** One small sample, on a machine that does other things, too. */
const WITHIN = 0.5;

/** What a run takes by a sample of its rows. `elapsed`: seconds that the command has taken already. Pure. */
export function estimateOfSample(
  plan: Pick<Plan, 'shards' | 'kv' | 'input'>,
  cost: SampleCost,
  { elapsed, processes }: { readonly elapsed: number; readonly processes: number },
): Estimate {
  const { rows } = plan.input;
  const share = rows / Math.max(1, cost.rows);
  const { kv } = plan;
  const store = kv === null ? null : cost.store;
  const kind = kv === null || storeKindOf(kv.url)?.name === 'lmdb' ? 'lmdb' : 'redis';
  const loadSeconds = store === null ? 0 : store.seconds + store.values * STORE_SECONDS[kind];
  const rowSeconds = cost.rowSeconds + loadSeconds / Math.max(1, cost.rows);
  const slowed = Math.min(processes, plan.shards.length) > 1 ? SHARED_MACHINE : 1;
  const held =
    store === null || kv === null
      ? null
      : scaled({ bytes: store.bytes, held: heldBytes(kv.url, kv.layout, store) }, share);
  return {
    basis: { kind: 'sample', rows: cost.rows },
    seconds:
      elapsed + secondsOfBusiest(plan.shards, processes, { ...cost, rowSeconds }) * slowed + TAIL_SECONDS,
    partBytes: cost.partBytes * share,
    store: held,
    within: WITHIN,
  };
}

/** Of the worker that has most to do, where each takes the next shard as it becomes free. */
export function secondsOfBusiest(
  shards: Plan['shards'],
  processes: number,
  { shardSeconds, rowSeconds }: Pick<SampleCost, 'shardSeconds' | 'rowSeconds'>,
): number {
  const workers = new Array<number>(Math.max(1, Math.min(processes, shards.length))).fill(0);
  for (const { rowStart, rowEnd } of shards) {
    const free = workers.indexOf(Math.min(...workers));
    workers[free] = (workers[free] ?? 0) + shardSeconds + (rowEnd - rowStart) * rowSeconds;
  }
  return Math.max(...workers);
}

function scaled<T extends Readonly<Record<string, number>>>(figures: T, share: number): T {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, value * share])) as T;
}
