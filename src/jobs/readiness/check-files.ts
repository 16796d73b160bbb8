import { stat } from 'node:fs/promises';
import { formatDuration } from '../../config/fields/duration.ts';
import type { FileCondition } from '../../config/sections/wait-for.ts';
import { ServeBatchError, systemErrorCode } from '../../core/errors.ts';
import type { ConditionState } from '../../core/readiness.ts';
import { listPaths } from '../../source/files/list-paths.ts';
import { lastChange } from '../../source/remote/find-objects.ts';
import type { ObjectHead } from '../../storage/object-storage.ts';
import { isStorageAddress } from '../../storage/storage-address.ts';

type Change = Pick<ObjectHead, 'modifiedMs' | 'serverTimeMs'>;

const NOT_THERE = 'not there';

/** Whether a file is there, and as old as it should be. Of several that a glob matches, the newest counts. */
export async function checkFile(condition: FileCondition, now: Date): Promise<ConditionState> {
  const about = describeFile(condition);
  const change = await lastChangeOf(condition.path, now);
  if (typeof change === 'string') return { condition: about, isMet: false, found: change };
  const ageSeconds = (change.serverTimeMs - change.modifiedMs) / 1000;
  const { maxAgeSeconds, unchangedSeconds } = condition;
  const isMet =
    (maxAgeSeconds === null || ageSeconds <= maxAgeSeconds) &&
    (unchangedSeconds === null || ageSeconds >= unchangedSeconds);
  return { condition: about, isMet, found: `changed at ${new Date(change.modifiedMs).toISOString()}` };
}

/** With the time by the clock that gave it; a text: why nothing is known of it. */
async function lastChangeOf(path: string, now: Date): Promise<Change | string> {
  if (isStorageAddress(path)) return changeInBucket(path);
  const modifiedMs = await changedAt(path);
  return modifiedMs === null ? NOT_THERE : { modifiedMs, serverTimeMs: now.getTime() };
}

/** A storage that does not answer now may do so at the next look. */
async function changeInBucket(address: string): Promise<Change | string> {
  try {
    return (await lastChange(address)) ?? NOT_THERE;
  } catch (error) {
    if (error instanceof ServeBatchError && error.code !== 'USAGE') return error.message;
    throw error;
  }
}

function describeFile({ shown, maxAgeSeconds, unchangedSeconds }: FileCondition): string {
  const limits = [
    ...(maxAgeSeconds === null ? [] : [`changed within ${formatDuration(maxAgeSeconds)}`]),
    ...(unchangedSeconds === null ? [] : [`unchanged for ${formatDuration(unchangedSeconds)}`]),
  ];
  return [`file ${shown}`, ...limits].join(', ');
}

/** Milliseconds since 1970; null where nothing is there. */
async function changedAt(path: string): Promise<number | null> {
  const own = await modifiedMs(path);
  if (own !== null || !/[*?[\]{}]/.test(path)) return own;
  const times = await Promise.all((await listPaths(path)).map(modifiedMs));
  return times.reduce((newest, each) => (each === null ? newest : Math.max(newest ?? each, each)), null);
}

async function modifiedMs(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return null;
    throw error;
  }
}
