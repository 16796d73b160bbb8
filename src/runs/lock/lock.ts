import { truncate, utimes } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { makeFolder, writeFileDurably } from '../../core/durable-file.ts';
import { type Clock, systemClock } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { isMissing, jsonText } from '../json-file.ts';
import { locksFolder } from '../layout.ts';
import { commandLine } from './command-line.ts';
import {
  makeHeldFolder,
  removeEarlierHeldFolders,
  removeHeldFolder,
  replaceFromHeldFolder,
} from './held-folder.ts';
import { ensureLineage } from './lineage.ts';
import {
  claimPath,
  createClaim,
  highestToken,
  type LockHolder,
  readClaim,
  removeClaim,
  removeOldClaims,
} from './lock-claim.ts';
import { type Force, forceOf, lockedError, SIGN_OF_LIFE_MS } from './lock-holder.ts';
import { ownIdentity } from './process-identity.ts';

/**
 * The lock of a job is a row of numbered files, `locks/00000017.json`. The newest one says who holds the
 * lock. To take it, a process creates the next number, which succeeds for one process only; it may do so
 * once the newest claim is released or its holder is dead. The number is the fencing token: it only ever
 * grows, so a holder that was asleep for too long finds a higher one and publishes nothing.
 */
export interface JobLock {
  /** Grows with every holder, and is never handed out twice within one lineage. */
  readonly token: number;
  /** Identifies the folder that handed out the token. */
  readonly lineage: string;
  /**
   * Throws `FENCED` where another process has taken over, or the lock's file is gone.
   * @param soFar what readers see of this holder's work by then, for the message
   */
  assertHeld(soFar?: string): Promise<void>;
  /**
   * Whether it is held, as far as can be known. Whoever has lost it leaves files alone: its successor may be
   * working with them. Never throws.
   */
  isHeld(): Promise<boolean>;
  /**
   * Replaces a file of the job's folder, in one step with the proof that the lock is held. Throws `FENCED`.
   * @param soFar as for {@link assertHeld}
   */
  replaceFile(path: string, content: string, soFar?: string): Promise<void>;
  /** Writes down which run the holder works on, for the history and for those who find the job locked. Throws `FENCED`. */
  setRun(runId: string): Promise<void>;
  /** Never throws; harmless when called again, and where another process has taken over. */
  release(): Promise<void>;
}

export interface LockOptions {
  readonly clock: Clock;
  /** What others are told that the holder is doing. Default: the command line, without passwords. */
  readonly command?: string;
  /** Default: real time. */
  readonly sleep?: (ms: number) => Promise<unknown>;
}

/** A race is lost only to a process that won it, so this many losses in a row mean a job in heavy use. */
const MOST_RACES = 100;

/** Holders give a sign every {@link SIGN_OF_LIFE_MS}: one that misses two is dead. */
const WATCH_MS = 2.5 * SIGN_OF_LIFE_MS;

/**
 * Takes the lock of a job, or throws `LOCKED`, naming the holder. Waits only where the last sign of life of
 * the holder lies ahead: long enough to see another one.
 */
export async function acquireLock(folderOfJob: string, options: LockOptions): Promise<JobLock> {
  const folder = locksFolder(folderOfJob);
  await makeFolder(folder);
  const own = await ownIdentity();
  const holder: LockHolder = {
    ...own,
    since: options.clock.now().toISOString(),
    command: options.command ?? commandLine(process.argv),
    runId: null,
  };
  for (let race = 0; race < MOST_RACES; race++) {
    const highest = await highestToken(folder);
    const claim = await readClaim(folder, highest);
    const force = await settled(await forceOf(claim, own, options.clock), folder, highest, options);
    if (force === 'in force') throw lockedError(folderOfJob, claim, own);
    const token = highest + 1;
    if (await claimToken(folder, token, holder))
      return holdLock({ folder, folderOfJob, token, holder }, options.clock);
  }
  throw lockedError(folderOfJob, { state: 'missing' }, own);
}

/** Whether a holder of whom it is unclear gives another sign of life: its clock, or this one, is wrong. */
async function settled(
  force: Force,
  folder: string,
  token: number,
  { sleep = pause }: LockOptions,
): Promise<Force> {
  if (force !== 'unclear') return force;
  const before = await readClaim(folder, token);
  await sleep(WATCH_MS);
  const after = await readClaim(folder, token);
  return 'lastSignMs' in before && 'lastSignMs' in after && before.lastSignMs !== after.lastSignMs
    ? 'in force'
    : 'over';
}

/** Who holds the lock of a job at this moment, if anyone does. */
export async function readHolder(
  folderOfJob: string,
  clock: Clock = systemClock,
): Promise<LockHolder | undefined> {
  const folder = locksFolder(folderOfJob);
  const claim = await readClaim(folder, await highestToken(folder));
  if (claim.state !== 'held') return undefined;
  return (await forceOf(claim, await ownIdentity(), clock)) === 'in force' ? claim.holder : undefined;
}

/**
 * A process that looked at the folder, and was then held up while others took and released the lock, may
 * create a number that was free again by then: so it looks again, and a higher number wins.
 */
async function claimToken(folder: string, token: number, holder: LockHolder): Promise<boolean> {
  if (!(await createClaim(folder, token, holder))) return false;
  if ((await highestToken(folder)) === token) return true;
  await removeClaim(folder, token);
  return false;
}

interface HeldClaim {
  readonly folder: string;
  readonly folderOfJob: string;
  readonly token: number;
  readonly holder: LockHolder;
}

async function holdLock(held: HeldClaim, clock: Clock): Promise<JobLock> {
  try {
    const lineage = await ensureLineage(held.folder);
    await takeHeldFolder(held);
    await removeOldClaims(held.folder, held.token);
    return new ClaimedLock(held, lineage, clock);
  } catch (error) {
    await releaseClaim(held);
    throw error;
  }
}

/**
 * A process that was held up after its claim may find that another one has taken over since, and looked for held
 * folders before this one was there: so it looks again.
 */
async function takeHeldFolder(held: HeldClaim): Promise<void> {
  const { folder, token } = held;
  await removeEarlierHeldFolders(folder, token);
  await makeHeldFolder(claimPath(folder, token));
  if (await isNewest(held)) return;
  await removeHeldFolder(claimPath(folder, token));
  throw await fencedError(held, 'Nothing was published.');
}

class ClaimedLock implements JobLock {
  readonly token: number;
  readonly lineage: string;
  readonly #held: HeldClaim;
  readonly #signs: NodeJS.Timeout;
  #released = false;

  constructor(held: HeldClaim, lineage: string, clock: Clock) {
    this.token = held.token;
    this.lineage = lineage;
    this.#held = held;
    const path = claimPath(held.folder, held.token);
    this.#signs = setInterval(() => {
      const now = clock.now();
      // Where it fails, others take over after a while, and assertHeld tells.
      utimes(path, now, now).catch(() => {});
    }, SIGN_OF_LIFE_MS);
    this.#signs.unref();
  }

  async assertHeld(soFar = 'Nothing was published.'): Promise<void> {
    if (this.#released || !(await isNewest(this.#held))) throw await fencedError(this.#held, soFar);
  }

  async isHeld(): Promise<boolean> {
    return !this.#released && (await isNewest(this.#held).catch(() => false));
  }

  async replaceFile(path: string, content: string, soFar = 'Nothing was published.'): Promise<void> {
    await this.assertHeld(soFar);
    try {
      await replaceFromHeldFolder(claimPath(this.#held.folder, this.token), path, content);
    } catch (error) {
      if (isMissing(error)) throw await fencedError(this.#held, soFar);
      throw error;
    }
  }

  async setRun(runId: string): Promise<void> {
    await this.assertHeld();
    const { folder, token, holder } = this.#held;
    await writeFileDurably(claimPath(folder, token), jsonText({ ...holder, runId }));
  }

  async release(): Promise<void> {
    clearInterval(this.#signs);
    if (this.#released) return;
    this.#released = true;
    await removeHeldFolder(claimPath(this.#held.folder, this.token)).catch(() => {});
    await releaseClaim(this.#held);
  }
}

async function isNewest({ folder, token }: HeldClaim): Promise<boolean> {
  return (await highestToken(folder)) === token;
}

/** The file stays, marked as released, so that its number is not handed out again. */
async function releaseClaim(held: HeldClaim): Promise<void> {
  const path = claimPath(held.folder, held.token);
  try {
    if (await isNewest(held)) await writeFileDurably(path, jsonText({ released: true }));
  } catch {
    // A full disk: an empty, old file needs no space and says the same.
    await truncate(path).catch(() => {});
    await utimes(path, 0, 0).catch(() => {});
  }
}

async function fencedError(
  { folder, folderOfJob, token }: HeldClaim,
  soFar: string,
): Promise<ServeBatchError> {
  const newest = await highestToken(folder);
  const claim = await readClaim(folder, newest);
  const job = `job "${basename(folderOfJob)}"`;
  const by = claim.state === 'held' ? ` (process ${claim.holder.runPid} on ${claim.holder.host})` : '';
  const message =
    newest > token
      ? `Another process${by} took over ${job}, since this one gave no sign of life for too long. ${soFar} Look at its run with "serve-batch runs ls".`
      : `The lock ${claimPath(folder, token)} of ${job} is not held any more: it was released, or its file is gone. ${soFar} Leave the output folder alone during a run, and run the same command again.`;
  return new ServeBatchError('FENCED', message, { fields: { token, newestToken: newest } });
}
