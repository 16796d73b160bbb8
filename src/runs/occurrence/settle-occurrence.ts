import type { Clock } from '../../core/effects.ts';
import { isAhead, newerPublished } from '../list/occurrence-runs.ts';
import type { RunStatus } from '../list/run-status.ts';
import type { RunSummary } from '../list/run-summary.ts';
import type { OccurrenceStatus } from './list-occurrences.ts';
import { newRecord, readRecord, writeRecord } from './occurrence-record.ts';

/**
 * Notes that a run has settled its occurrence, where no record says so yet: a run made by hand has none, and
 * its occurrence would be owed again once its folder is gone. The caller holds the lock.
 */
export async function settleOccurrence(folderOfJob: string, run: RunSummary, clock: Clock): Promise<void> {
  const { occurrence, runId } = run;
  if (occurrence === null || isAhead(runId, occurrence)) return;
  if (!(await hasSettled(folderOfJob, run, occurrence, clock))) return;
  const at = new Date(occurrence);
  const known = await readRecord(folderOfJob, at);
  if (known !== undefined && known.state !== 'waiting' && known.state !== 'running') return;
  const now = clock.now();
  const record = { ...newRecord(at, now), ...known, at: now.toISOString() };
  await writeRecord(folderOfJob, { ...record, state: 'done', runId, error: null, nextAttemptAt: null });
}

/** Whether a run leaves nothing to do for its occurrence. One that is committed and was never published still has to be, unless readers see a newer occurrence. */
export async function hasSettled(
  folderOfJob: string,
  { status }: { readonly status: RunStatus | OccurrenceStatus },
  occurrence: string,
  clock: Clock,
): Promise<boolean> {
  switch (status) {
    case 'published':
    case 'superseded':
    case 'rolled back':
      return true;
    case 'committed':
      return (await newerPublished(folderOfJob, occurrence, clock)) !== null;
    default:
      return false;
  }
}
