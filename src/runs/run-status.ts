/**
 * What became of a run: `published` is what readers see; `superseded` was published earlier; `committed`
 * never was; `interrupted` was killed, and the same command continues it, as it does a `failed` one.
 */
export const RUN_STATUSES = [
  'published',
  'committed',
  'rolled back',
  'superseded',
  'failed',
  'running',
  'interrupted',
] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** Whether a run is complete: computed, whatever readers see. */
export function isCommitted(status: RunStatus): boolean {
  return ['published', 'committed', 'rolled back', 'superseded'].includes(status);
}
