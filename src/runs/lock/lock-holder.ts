import { uptime } from 'node:os';
import { basename } from 'node:path';
import type { Clock } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import type { Claim, LockHolder } from './lock-claim.ts';
import { isAlive, type ProcessIdentity } from './process-identity.ts';

/** How often a holder gives a sign of life, for other machines. */
export const SIGN_OF_LIFE_MS = 10_000;
/** A holder that cannot be looked up, being elsewhere, is dead after this silence. */
export const SILENCE_MS = 60_000;

/**
 * Whether a claim still excludes others. `unclear`: its last sign of life lies ahead, as one clock or the
 * other is wrong, or was; only a further sign tells that its holder is alive.
 */
export type Force = 'in force' | 'over' | 'unclear';

/** Everything that is not surely dead is in force. */
export async function forceOf(claim: Claim, own: ProcessIdentity, clock: Clock): Promise<Force> {
  if (claim.state === 'released' || claim.state === 'missing') return 'over';
  const now = clock.now().getTime();
  if (claim.state === 'broken') return bySilence(claim.lastSignMs, now);
  const { holder } = claim;
  if (holder.host !== own.host) return bySilence(claim.lastSignMs, now);
  if (holder.bootId !== own.bootId) {
    // This machine was started anew, unless another one has the same name: that one may be alive, and
    // has then given a sign since this one was started.
    const startedMs = now - uptime() * 1000;
    return claim.lastSignMs > startedMs ? bySilence(claim.lastSignMs, now) : 'over';
  }
  // Another container of the same name: its process numbers say nothing here.
  if (holder.pidNamespace !== own.pidNamespace) return bySilence(claim.lastSignMs, now);
  return (await isAlive(holder)) ? 'in force' : 'over';
}

function bySilence(lastSignMs: number, nowMs: number): Force {
  if (lastSignMs - nowMs > SILENCE_MS) return 'unclear';
  return nowMs - lastSignMs > SILENCE_MS ? 'over' : 'in force';
}

/** Says who holds the lock and what to do. */
export function lockedError(folderOfJob: string, claim: Claim, own: ProcessIdentity): ServeBatchError {
  const job = `Job "${basename(folderOfJob)}"`;
  if (claim.state !== 'held') {
    return new ServeBatchError(
      'LOCKED',
      `${job} is being taken by another process. Run the same command again in ${SILENCE_MS / 1000} s.`,
    );
  }
  const { holder, lastSignMs } = claim;
  const { runPid, host, since, command, runId } = holder;
  return new ServeBatchError(
    'LOCKED',
    `${job} is being run by process ${runPid} on ${host} since ${since} (${command}). ${advice(holder, lastSignMs, own)}`,
    { fields: { pid: runPid, host, since, command, ...(runId === null ? {} : { runId }) } },
  );
}

function advice(
  { runPid, host, pidNamespace }: LockHolder,
  lastSignMs: number,
  own: ProcessIdentity,
): string {
  if (host === own.host && pidNamespace === own.pidNamespace)
    return `Wait until it ends, or end it (kill ${runPid}); then run the same command again.`;
  const lastSign = new Date(lastSignMs).toISOString();
  return `Wait until it ends. If it is gone, its lock is free ${SILENCE_MS / 1000} s after its last sign of life, which was at ${lastSign}.`;
}
