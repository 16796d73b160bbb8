import { createHash } from 'node:crypto';
import type { Canary, Shown } from './store.ts';

/** Which of the two generations of a canary answers for a key. */
export type KeySide = 'published' | 'canary';

/** The numbers that four bytes can be. */
const BUCKETS = 2 ** 32;

/**
 * The side of a key, as the store has it (without its field). The first four bytes of the SHA-256 of its UTF-8 text
 * are a number, the highest first; a key is on the canary's side where that number divided by 2^32 is below the
 * share. So a key has its side for good, and a larger share only adds keys to the canary's.
 */
export function keySide(key: string, share: number): KeySide {
  const bucket = createHash('sha256').update(key).digest().readUInt32BE(0);
  return bucket < share * BUCKETS ? 'canary' : 'published';
}

/** Null for anything that is no canary. */
export function parseCanary(value: unknown): Canary | null {
  if (typeof value !== 'object' || value === null) return null;
  const { generation, share } = value as Partial<Record<keyof Canary, unknown>>;
  if (typeof generation !== 'string' || typeof share !== 'number' || !(share > 0 && share < 1)) return null;
  return { generation, share };
}

/** What readers see: the published generation, and the canary's. */
export function generationsOf(shown: Shown | undefined): readonly string[] {
  if (shown === undefined) return [];
  return shown.canary === null ? [shown.generation] : [shown.generation, shown.canary.generation];
}
