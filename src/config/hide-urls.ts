import type { Secrets } from '../core/text/secrets.ts';
import type { JobSpec } from './job-spec.ts';

/** Keeps the addresses that a job tells of its runs out of all that is printed and sent. */
export function hideUrls(
  { notify, heartbeat, metrics, lineage }: Pick<JobSpec, 'notify' | 'heartbeat' | 'metrics' | 'lineage'>,
  secrets: Secrets,
): void {
  for (const url of [notify?.webhook, heartbeat]) {
    if (url !== null && url !== undefined) secrets.addUrlPath(url);
  }
  for (const url of [metrics?.pushgateway, lineage?.url]) {
    if (url !== null && url !== undefined) secrets.addUrl(url);
  }
  if (lineage?.apiKey != null) secrets.add(lineage.apiKey);
}
