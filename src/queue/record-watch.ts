import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { listAnew } from '../core/files/mirror.ts';
import type { Plan, ShardPlan } from '../core/plan.ts';
import { inParallel } from '../runs/in-parallel.ts';
import type { RunPaths } from '../runs/layout.ts';
import { readCommittedShard, type ShardRecord } from '../runs/record/shard-record.ts';

/** Records that are read at the same time. */
const READ_AT_ONCE = 16;

/**
 * The shards of a run that are not committed yet, and what the output folder says of them: the records are the
 * truth, whatever the queue tells.
 */
export class RecordWatch {
  readonly #paths: RunPaths;
  readonly #pending: Map<number, ShardPlan>;

  constructor(paths: RunPaths, shards: Plan['shards']) {
    this.#paths = paths;
    this.#pending = new Map(shards.map((shard) => [shard.index, shard]));
  }

  get size(): number {
    return this.#pending.size;
  }

  get pending(): readonly ShardPlan[] {
    return [...this.#pending.values()];
  }

  has(index: number): boolean {
    return this.#pending.has(index);
  }

  /** Looks at these shards, of which somebody says that they are done. Calls back for each that is. */
  async look(indices: Iterable<number>, onShard: (record: ShardRecord) => void): Promise<void> {
    const shards = [...indices].flatMap((index) => this.#pending.get(index) ?? []);
    await inParallel(shards, READ_AT_ONCE, async (shard) => {
      const record = await readCommittedShard(this.#paths, shard, { verify: false });
      if (record !== undefined && this.#pending.delete(shard.index)) onShard(record);
    });
  }

  /** Lists the folder once, and looks at what is new in it. */
  async lookAtAll(onShard: (record: ShardRecord) => void): Promise<void> {
    await listAnew(dirname(this.#paths.shardRecord(0)));
    const names = await readdir(dirname(this.#paths.shardRecord(0))).catch(() => []);
    const there = names.flatMap((name) => (/^\d+\.json$/.test(name) ? [Number.parseInt(name, 10)] : []));
    await this.look(there, onShard);
  }
}
