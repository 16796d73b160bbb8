import type { OccurrenceStatus } from '../occurrence/list-occurrences.ts';

/**
 * What became of a run: `published` is what readers see; `superseded` was published earlier; `committed`
 * never was; a `candidate` is complete, and was made not to be published by itself; `interrupted` was killed, and the same command continues it, as it does a `failed` one.
 */
export const RUN_STATUSES = [
  'published',
  'committed',
  'candidate',
  'rolled back',
  'superseded',
  'failed',
  'running',
  'interrupted',
] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** Whether a run, or that of an occurrence, is complete: computed, whatever readers see. */
export function isCommitted(status: RunStatus | OccurrenceStatus): boolean {
  return ['published', 'committed', 'candidate', 'rolled back', 'superseded'].includes(status);
}
