import type { JobSpec } from '../../config/job-spec.ts';
import { toServeBatchError } from '../../core/errors.ts';
import { maskUrl } from '../../core/text/secrets.ts';
import { checkQueueServer } from '../../queue/queue-server.ts';
import { type Check, failure, finding } from './check.ts';

/** The queues that jobs name, each once. */
export function queuesOf(jobs: readonly JobSpec[]): readonly string[] {
  return [...new Set(jobs.flatMap(({ execution }) => execution.queue ?? []))];
}

/** Asks each queue whether it can hold shards, and how many workers listen to it. */
export async function checkQueues(urls: readonly string[]): Promise<readonly Check[]> {
  return (await Promise.all(urls.map(checkQueue))).flat();
}

async function checkQueue(url: string): Promise<readonly Check[]> {
  const name = maskUrl(url);
  try {
    const { version, maxMemoryPolicy } = await checkQueueServer(url);
    const policy = maxMemoryPolicy ?? 'unknown';
    const text = `answers: Redis ${version ?? 'of an unknown version'}, maxmemory-policy ${policy}`;
    return [finding('ok', name, text, { version, maxMemoryPolicy }), await checkWorkers(name, url)];
  } catch (error) {
    return [failure(name, toServeBatchError(error))];
  }
}

async function checkWorkers(name: string, url: string): Promise<Check> {
  const { countWorkers } = await import('../../queue/count-workers.ts');
  const workers = await countWorkers(url);
  if (workers === null) return finding('info', name, 'this user may not list clients: workers are unknown');
  if (workers > 0) return finding('ok', name, `workers: ${workers}`, { workers });
  return finding('warn', name, 'no worker listens: start some with "serve-batch worker"', { workers });
}
