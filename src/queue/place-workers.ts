import type { OwnedWorkers, StartWorkers, Workers } from '../tasks/workers.ts';

interface Pool {
  readonly workers: OwnedWorkers;
  uses: number;
}

/**
 * Child processes for one job's folder at a time: those of another folder are ended once nothing uses them. A
 * child keeps what it has loaded for the next shard of the same run.
 */
export class PlaceWorkers {
  readonly #start: StartWorkers;
  readonly #size: number;
  readonly #signal: AbortSignal;
  readonly #pools = new Map<string, Pool>();

  constructor(start: StartWorkers, size: number, signal: AbortSignal) {
    this.#start = start;
    this.#size = size;
    this.#signal = signal;
  }

  async use<T>(folder: string, work: (workers: Workers) => Promise<T>): Promise<T> {
    const pool = this.#pools.get(folder) ?? (await this.#open(folder));
    pool.uses++;
    try {
      return await work(pool.workers);
    } finally {
      pool.uses--;
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map(({ workers }) => workers.close()));
  }

  async #open(folder: string): Promise<Pool> {
    const place = { folder, storeUrl: null };
    const pool: Pool = { uses: 0, workers: this.#start({ size: this.#size, place, signal: this.#signal }) };
    const unused = [...this.#pools].filter(([, { uses }]) => uses === 0);
    this.#pools.set(folder, pool);
    for (const [other, { workers }] of unused) {
      this.#pools.delete(other);
      await workers.close();
    }
    return pool;
  }
}
