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
