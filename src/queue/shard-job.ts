import {
  deserializeError,
  type SerializedError,
  type ServeBatchError,
  serializeError,
} from '../core/errors.ts';
import type { TraceContext } from '../core/tracing.ts';
import type { RejectLimit } from '../shard/run-shard.ts';

/** The queue of all jobs and runs. */
export const QUEUE_NAME = 'serve-batch';

/** A worker that cannot compute a shard, and why. */
export interface Refusal {
  /** `HOST:PID`. */
  readonly worker: string;
  readonly error: SerializedError;
}

/** A shard as it lies in the queue: an address, and no rows. Nothing in it is secret. */
export interface ShardJob {
  /** Absolute path of plan.json on the machine that handed it out. */
  readonly planFile: string;
  readonly job: string;
  readonly runId: string;
  readonly index: number;
  readonly memoryLimit: string;
  readonly rejectLimit: RejectLimit;
  /** ISO 8601. */
  readonly handedOutAt: string;
  readonly refusals: readonly Refusal[];
  /** The run that it is a part of; left out where nobody follows. */
  readonly trace?: TraceContext;
}

/** One in the queue for each shard of a run, whoever hands it out. BullMQ forbids colons. */
export function jobIdOf(runId: string, index: number): string {
  return `${runId}.${index}`;
}

/** The number of the shard; undefined: the id is of another run. */
export function indexOf(runId: string, jobId: string): number | undefined {
  return jobId.startsWith(`${runId}.`) ? Number(jobId.slice(runId.length + 1)) : undefined;
}

/** How an error crosses the queue, which keeps only texts. */
export function errorText(error: unknown): string {
  const { stack: _, ...rest } = serializeError(error);
  return JSON.stringify(rest);
}

/** Undefined where the text is not one of {@link errorText}: BullMQ itself gave up the shard. */
export function errorOf(text: string): ServeBatchError | undefined {
  try {
    const data = JSON.parse(text) as SerializedError;
    return typeof data.code === 'string' ? deserializeError(data) : undefined;
  } catch {
    return undefined;
  }
}
