import { parseCanary } from '../canary.ts';
import type { Canary } from '../store.ts';

/** What stands in Redis of a canary beside the published generation. */
export function canaryText(published: string, { generation, share }: Canary): string {
  return JSON.stringify({ published, generation, share });
}

/** Null where there is none, where something else stands there, and where it stands beside another generation. */
export function parseCanaryOf(published: string, text: string | null): Canary | null {
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    const isBeside = (value as { readonly published?: unknown } | null)?.published === published;
    return isBeside ? parseCanary(value) : null;
  } catch {
    return null;
  }
}
