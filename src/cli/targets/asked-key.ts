import { ServeBatchError } from '../../core/errors.ts';
import type { JobPlace } from '../../jobs/publish/publish-earlier.ts';

/** The columns of key and field as a user gives them: `store=1 product=2`. Throws `USAGE`. */
export function parsePairs(pairs: readonly string[]): Record<string, string> {
  const columns: Record<string, string> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1)
      throw new ServeBatchError(
        'USAGE',
        `"${pair}" is not COLUMN=VALUE. Write for example store=1 product=2 date=2026-11-21.`,
      );
    columns[pair.slice(0, at)] = pair.slice(at + 1);
  }
  return columns;
}

/** The address of a job's store. Throws `NOT_FOUND` where the job has none. */
export function storeToLookIn({ job, storeUrl }: Pick<JobPlace, 'job' | 'storeUrl'>): string {
  if (storeUrl !== null && storeUrl !== 'none') return storeUrl;
  throw new ServeBatchError(
    'NOT_FOUND',
    `The job ${job} has no key-value store to look in. Give it a kv.key (or --key) and run it, or name the store with --kv.`,
  );
}
