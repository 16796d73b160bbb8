import { ServeBatchError } from '../../../core/errors.ts';
import type { Fence } from '../../store.ts';
import { fencedError } from '../../store-errors.ts';
import { encodeCommand } from '../load/command-chunk.ts';
import { ABORTED } from '../load/reply-counter.ts';
import { GUARD } from '../redis-scripts.ts';

/**
 * What stands around the commands of a load, so that the server carries them out only while nobody has taken the job
 * over: a transaction around some hundred of them or, where they may not stand in one, a script that is given them.
 */
export type FencedFrames = TransactionFrames | ScriptFrames;

export interface TransactionFrames {
  readonly kind: 'transaction';
  /** Commands, which are answered before the first of the transaction. */
  readonly opening: Buffer;
  readonly openingCommands: number;
  readonly closing: Buffer;
  readonly errorOf: ErrorOfReply;
}

export interface ScriptFrames {
  readonly kind: 'script';
  /** The beginning of the call that gets so many arguments. */
  readonly callOf: (args: number) => Buffer;
  readonly errorOf: ErrorOfReply;
}

/** What an error reply means; undefined: it does not come from the fence. */
export type ErrorOfReply = (reply: string) => ServeBatchError | undefined;

export interface FencedLoad {
  readonly job: string;
  readonly fence: Fence;
  /** The key that says who took the lock last. */
  readonly fenceKey: string;
}

/**
 * WATCH, and a look at the token: where a newer one was here, the script touches a key that is watched, too, and so
 * the transaction is given up; and so it is where another process claims the lock between the look and its end.
 * @param ownKey that nobody else writes to
 */
export function transactionFrames(load: FencedLoad, ownKey: string): TransactionFrames {
  const { fence, fenceKey } = load;
  const opening = [
    encodeCommand(['WATCH', fenceKey, ownKey]),
    encodeCommand(['EVAL', GUARD, '2', fenceKey, ownKey, fence.lineage, String(fence.token)]),
    encodeCommand(['MULTI']),
  ];
  return {
    kind: 'transaction',
    opening: Buffer.concat(opening),
    openingCommands: opening.length,
    closing: encodeCommand(['EXEC']),
    errorOf: errorsOf(load),
  };
}

/** @param script gets the fence as its key; lineage, token and the commands as its arguments, each behind its number of parts */
export function scriptFrames(load: FencedLoad, script: string): ScriptFrames {
  const { fence, fenceKey } = load;
  const first = ['EVAL', script, '1', fenceKey, fence.lineage, String(fence.token)];
  return {
    kind: 'script',
    callOf: (args) => encodeCommand(first, first.length + args),
    errorOf: errorsOf(load),
  };
}

/** Whether a load was given up since another process claimed the lock, or the server lost what it knew of it. */
export function isGivenUp(error: unknown): boolean {
  return error instanceof ServeBatchError && error.fields.reply === ABORTED;
}

function errorsOf({ job, fence }: FencedLoad): ErrorOfReply {
  return (reply) => {
    const [, newer] = /^FENCED (\d+)/.exec(reply) ?? [];
    if (newer !== undefined) return fencedError(job, Number(newer), fence);
    if (reply !== ABORTED) return undefined;
    return new ServeBatchError(
      'STORE_UNAVAILABLE',
      `The store changed while it was loaded: another process claimed job "${job}", or the server has lost keys. Was it emptied, or does the store evict keys (maxmemory-policy)? If not, give the same command again.`,
      { fields: { job, reply } },
    );
  };
}
