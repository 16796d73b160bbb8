import { createHash } from 'node:crypto';

/**
 * How much later than its time an occurrence starts, in whole milliseconds from 0 to `jitterSeconds`
 * (exclusive): spread over jobs and occurrences, and the same whoever asks.
 */
export function jitterMs(job: string, occurrence: Date, jitterSeconds: number): number {
  if (jitterSeconds === 0) return 0;
  const hash = createHash('sha256').update(`${job} ${occurrence.toISOString()}`).digest();
  return Math.floor((hash.readUInt32BE(0) / 2 ** 32) * jitterSeconds * 1000);
}
