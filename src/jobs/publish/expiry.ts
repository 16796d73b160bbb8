import { formatDuration } from '../../config/fields/duration.ts';
import type { Expiry } from '../../lookup/explain-miss.ts';
import type { RunPaths } from '../../runs/layout.ts';
import { readPlan } from '../../runs/plan/plan-file.ts';
import { readPublication } from '../../runs/publication.ts';

/** Null where the store keeps the values of a run until another is published, or none can have ended by now. */
export async function expiryOf(paths: RunPaths, now: Date): Promise<Expiry | null> {
  const { kv, createdAt } = await readPlan(paths.plan);
  const publication = await readPublication(paths);
  if (kv === null || kv.ttlSeconds === null || publication === undefined) return null;
  const livedSeconds = (since: string): number => (now.getTime() - Date.parse(since)) / 1000;
  if (livedSeconds(createdAt) < kv.ttlSeconds) return null;
  const { at: publishedAt } = publication;
  // Redis counts whole seconds, and a second more does no harm.
  const isOver = livedSeconds(publishedAt) > kv.ttlSeconds + 1;
  return { ttl: formatDuration(kv.ttlSeconds), publishedAt, isOver };
}
