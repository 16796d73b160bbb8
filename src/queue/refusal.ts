import type { ErrorCode, ServeBatchError } from '../core/errors.ts';
import type { ShardJob } from './shard-job.ts';

/** What may be so on one machine and not on another. */
const HERE_ONLY: ReadonlySet<ErrorCode> = new Set([
  'VERSION_MISMATCH',
  'NOT_FOUND',
  'MODEL_NOT_FOUND',
  'INPUT_NOT_FOUND',
  'INPUT_CHANGED',
  'INPUT_UNREADABLE',
  'DEVICE_UNAVAILABLE',
  'ENGINE_UNAVAILABLE',
  'OUTPUT_UNWRITABLE',
  'DISK_FULL',
]);

/** What is most likely so everywhere is not offered as often. */
const MOST_REFUSALS = 12;
const MOST_CHANGES = 3;

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/**
 * What to do with a shard that a worker cannot compute: how long others have it to themselves, in milliseconds;
 * null: enough of them have refused it, and the run fails. Pure.
 */
export function waitAfterRefusal(
  { refusals }: Pick<ShardJob, 'refusals'>,
  { code }: ServeBatchError,
): number | null {
  const most = code === 'INPUT_CHANGED' ? MOST_CHANGES : MOST_REFUSALS;
  if (refusals.length + 1 >= most) return null;
  return Math.min(FIRST_WAIT_MS * 2 ** refusals.length, LONGEST_WAIT_MS);
}

/** Whether another machine may be able to compute a shard that failed so here. */
export function isOfThisMachine({ code }: ServeBatchError): boolean {
  return HERE_ONLY.has(code);
}
