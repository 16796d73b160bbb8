import type { Log } from '../core/effects.ts';
import type { Plan, ShardPlan } from '../core/plan.ts';
import type { Fence } from '../kv/store.ts';
import type { ShardRecord } from '../runs/record/shard-record.ts';
import type { RejectLimit } from '../shard/run-shard.ts';
import type { RunReference } from './tasks.ts';
import type { Workers } from './workers.ts';

/** Who computes the shards of a run. */
export interface ShardEngine {
  /** The shards that it finds committed are its own work, and not that of an earlier command. */
  readonly ownsEarlier: boolean;
  compute(request: RunShardsRequest): Promise<void>;
}

export interface RunShardsRequest {
  readonly plan: Plan;
  readonly folderOfJob: string;
  readonly run: RunReference;
  readonly shards: readonly ShardPlan[];
  readonly workers: Workers;
  /** Shards given to workers at once. */
  readonly processes: number;
  /** How often a shard is tried again. */
  readonly retries: number;
  /** Load the store, too, under this token; null: do not. */
  readonly loadUnder: Fence | null;
  /** Whether workers map the store's file into their memory, and so have to let go of it now and then. */
  readonly mapsStore: boolean;
  /** What the job allows, and how many rejects there are by now. */
  readonly rejectLimit: () => RejectLimit;
  readonly signal: AbortSignal;
  /** No shard starts once it is aborted; its reason is thrown when those under way have ended. */
  readonly drain?: AbortSignal;
  readonly log: Log;
  readonly onRows: (rows: number) => void;
  /** Called as shards are committed; may throw to end the run. */
  readonly onShard: (record: ShardRecord) => void;
  /** Called where a device had memory for calls of so many rows only. */
  readonly onCallRows: (rows: number) => Promise<void>;
  /** Called with the seconds that loads of the store have taken since it was called before. */
  readonly onLoads: (stageSeconds: number) => void;
  /** Called with the number of workers elsewhere, as it changes. */
  readonly onWorkers?: (workers: number) => void;
}
