import type { ShardPlan } from '../../core/plan.ts';
import type { RunPaths } from '../../runs/layout.ts';
import { readCommittedShard, type ShardRecord } from '../../runs/record/shard-record.ts';

/**
 * Whether another worker has committed a shard: its part stays then, since its record describes that one. With a
 * model or processors that differ in the last bits, this one would not be the same.
 */
export class FirstCommit {
  readonly #paths: RunPaths;
  readonly #shard: ShardPlan;
  #record: ShardRecord | undefined;

  constructor(paths: RunPaths, shard: ShardPlan) {
    this.#paths = paths;
    this.#shard = shard;
  }

  /** What another worker has committed, as far as was asked. */
  get record(): ShardRecord | undefined {
    return this.#record;
  }

  /** Throws where there is one. */
  readonly assertNone = async (): Promise<void> => {
    this.#record = await readCommittedShard(this.#paths, this.#shard, { verify: true });
    if (this.#record !== undefined) throw new Error(`shard ${this.#shard.index} is committed already`);
  };
}
