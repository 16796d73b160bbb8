import type { BoundJob } from '../../config/job-spec.ts';
import { publicPath } from '../../core/files/mirror.ts';
import { folderOfJob } from './locations.ts';

/** Addresses of stores that are reached without TLS. */
const PLAIN_STORE = /^(?:lmdb:|redis:\/\/)/;
const ADDRESS = /[a-z][a-z0-9+.-]*:\/\//gi;

/**
 * Whether the workers of a job may have to speak TLS: unless all that it names lies on this machine or in a Redis
 * without it. Whatever looks like another address counts, wherever it stands in the job.
 */
export function usesTls(spec: BoundJob, storeUrl: string | null): boolean {
  if (storeUrl !== null && !PLAIN_STORE.test(storeUrl)) return true;
  const places = JSON.stringify([spec, publicPath(folderOfJob(spec)), storeUrl]);
  return (places.match(ADDRESS) ?? []).some((address) => address.toLowerCase() !== 'redis://');
}
