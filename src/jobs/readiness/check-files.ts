import { stat } from 'node:fs/promises';
import { formatDuration } from '../../config/fields/duration.ts';
import type { FileCondition } from '../../config/sections/wait-for.ts';
import { systemErrorCode } from '../../core/errors.ts';
import type { ConditionState } from '../../core/readiness.ts';
import { listPaths } from '../../source/list-paths.ts';

/** Whether a file is there, and as old as it should be. Of several that a glob matches, the newest counts. */
export async function checkFile(condition: FileCondition, now: Date): Promise<ConditionState> {
  const changedMs = await changedAt(condition.path);
  const about = describeFile(condition);
  if (changedMs === null) return { condition: about, isMet: false, found: 'not there' };
  const ageSeconds = (now.getTime() - changedMs) / 1000;
  const { maxAgeSeconds, unchangedSeconds } = condition;
  const isMet =
    (maxAgeSeconds === null || ageSeconds <= maxAgeSeconds) &&
    (unchangedSeconds === null || ageSeconds >= unchangedSeconds);
  return { condition: about, isMet, found: `changed at ${new Date(changedMs).toISOString()}` };
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
