import { truncate, utimes } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Clock, systemClock } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { makeFolder, writeFileDurably } from '../../core/files/durable-file.ts';
import { sharedMirrorOf } from '../../core/files/mirror.ts';
import { isMissing } from '../json-file.ts';
import { locksFolder } from '../layout.ts';
import { showToHolder } from '../mirror/show-job.ts';
import { highestPointer, mendCurrent } from '../pointer.ts';
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
  rewriteClaim,
  signClaim,
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
  await sharedMirrorOf(folderOfJob)?.assertUsable();
  const own = await ownIdentity();
  const holder: LockHolder = {
    ...own,
    since: options.clock.now().toISOString(),
    command: options.command ?? commandLine(process.argv),
    runId: null,
  };
  for (let race = 0; race < MOST_RACES; race++) {
    const highest = Math.max(await highestToken(folder), await highestPointer(folderOfJob));
    const claim = await readClaim(folder, highest, options.clock);
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
  { sleep = pause, clock }: LockOptions,
): Promise<Force> {
  if (force !== 'unclear') return force;
  const before = await readClaim(folder, token, clock);
  await sleep(WATCH_MS);
  const after = await readClaim(folder, token, clock);
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
  const claim = await readClaim(folder, await highestToken(folder), clock);
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
  /** Called once it is released. */
  readonly onReleased?: () => void;
}

async function holdLock(held: HeldClaim, clock: Clock): Promise<JobLock> {
  let isShown = (): void => {};
  try {
    const lineage = await ensureLineage(held.folder);
    await takeHeldFolder(held, clock);
    await removeOldClaims(held.folder, held.token);
    // What was seen of a bucket before the lock was held may have changed since.
    isShown = await showToHolder(held.folderOfJob);
    await mendCurrent(held.folderOfJob);
    return new ClaimedLock({ ...held, onReleased: isShown }, lineage, clock);
  } catch (error) {
    isShown();
    await releaseClaim(held);
    throw error;
  }
}

/**
 * A process that was held up after its claim may find that another one has taken over since, and looked for held
 * folders before this one was there: so it looks again.
 */
async function takeHeldFolder(held: HeldClaim, clock: Clock): Promise<void> {
  const { folder, token } = held;
  // In a bucket the number of a pointer keeps earlier holders out.
  if (sharedMirrorOf(folder) !== undefined) return;
  await removeEarlierHeldFolders(folder, token);
  await makeHeldFolder(claimPath(folder, token));
  if (await isNewest(held)) return;
  await removeHeldFolder(claimPath(folder, token));
  throw await fencedError(held, 'Nothing was published.', clock);
}

class ClaimedLock implements JobLock {
  readonly token: number;
  readonly lineage: string;
  readonly #held: HeldClaim;
  readonly #clock: Clock;
  readonly #signs: NodeJS.Timeout;
  #holder: LockHolder;
  /** One after the other: a sign that is late must not undo a release. */
  #written: Promise<void> = Promise.resolve();
  #released = false;

  constructor(held: HeldClaim, lineage: string, clock: Clock) {
    this.token = held.token;
    this.lineage = lineage;
    this.#held = held;
    this.#clock = clock;
    this.#holder = held.holder;
    // Where it fails, others take over after a while, and assertHeld tells.
    this.#signs = setInterval(() => void this.#write(() => this.#sign()).catch(() => {}), SIGN_OF_LIFE_MS);
    this.#signs.unref();
  }

  #write(write: () => Promise<void>): Promise<void> {
    const written = this.#written.then(write);
    this.#written = written.catch(() => {});
    return written;
  }

  async #sign(): Promise<void> {
    if (!this.#released) await signClaim(this.#held.folder, this.token, this.#holder, this.#clock);
  }

  async assertHeld(soFar = 'Nothing was published.'): Promise<void> {
    if (this.#released || !(await isNewest(this.#held)))
      throw await fencedError(this.#held, soFar, this.#clock);
  }

  async isHeld(): Promise<boolean> {
    return !this.#released && (await isNewest(this.#held).catch(() => false));
  }

  async replaceFile(path: string, content: string, soFar = 'Nothing was published.'): Promise<void> {
    await this.assertHeld(soFar);
    if (sharedMirrorOf(path) !== undefined) return writeFileDurably(path, content);
    try {
      await replaceFromHeldFolder(claimPath(this.#held.folder, this.token), path, content);
    } catch (error) {
      if (isMissing(error)) throw await fencedError(this.#held, soFar, this.#clock);
      throw error;
    }
  }

  async setRun(runId: string): Promise<void> {
    await this.assertHeld();
    this.#holder = { ...this.#holder, runId };
    await this.#write(() => rewriteClaim(this.#held.folder, this.token, this.#holder));
  }

  async release(): Promise<void> {
    clearInterval(this.#signs);
    if (this.#released) return;
    this.#released = true;
    await removeHeldFolder(claimPath(this.#held.folder, this.token)).catch(() => {});
    await this.#write(() => releaseClaim(this.#held));
    this.#held.onReleased?.();
  }
}

async function isNewest({ folder, token }: HeldClaim): Promise<boolean> {
  return (await highestToken(folder)) === token;
}

/** The file stays, marked as released, so that its number is not handed out again. */
async function releaseClaim(held: HeldClaim): Promise<void> {
  const path = claimPath(held.folder, held.token);
  try {
    if (await isNewest(held)) await rewriteClaim(held.folder, held.token, { released: true });
  } catch {
    // A full disk: an empty, old file needs no space and says the same.
    await truncate(path).catch(() => {});
    await utimes(path, 0, 0).catch(() => {});
  }
}

async function fencedError(
  { folder, folderOfJob, token }: HeldClaim,
  soFar: string,
  clock: Clock,
): Promise<ServeBatchError> {
  const newest = await highestToken(folder);
  const claim = await readClaim(folder, newest, clock);
  const job = `job "${basename(folderOfJob)}"`;
  const by = claim.state === 'held' ? ` (process ${claim.holder.runPid} on ${claim.holder.host})` : '';
  const message =
    newest > token
      ? `Another process${by} took over ${job}, since this one gave no sign of life for too long. ${soFar} Look at its run with "serve-batch runs ls".`
      : `The lock ${claimPath(folder, token)} of ${job} is not held any more: it was released, or its file is gone. ${soFar} Leave the output folder alone during a run, and run the same command again.`;
  return new ServeBatchError('FENCED', message, { fields: { token, newestToken: newest } });
}
