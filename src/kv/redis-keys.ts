/**
 * The names of a job's keys in Redis. Other services read two of them: the pointer with GET, and then
 * the series of the generation that it names with HGET or HGETALL (GET where the job has no field).
 */
export class RedisKeys {
  readonly #job: string;
  /** A string: the generation that readers see. */
  readonly pointer: string;
  /** A set: the generations of which anything may be in the store. */
  readonly generations: string;
  /** A hash, `lineage` and `token`: who published last. */
  readonly fence: string;
  /** Written to see whether writing works. */
  readonly ping: string;

  constructor(job: string) {
    this.#job = job;
    this.pointer = `${job}:current`;
    this.generations = `${job}:generations`;
    this.fence = `${job}:fence`;
    this.ping = `${job}:ping`;
  }

  /** A hash: `info` and a `shard:<index>` for each shard that was staged. */
  meta(generation: string): string {
    return `${this.#job}:${generation}`;
  }

  /** A hash of fields, or a string where the job has none. */
  series(generation: string, key: string): string {
    return `${this.#job}:${generation}:${key}`;
  }

  /** Matches every series of a generation and nothing else. */
  seriesPattern(generation: string): string {
    return `${escapeGlob(this.series(generation, ''))}*`;
  }
}

export const INFO_FIELD = 'info';
export const SHARD_FIELD = 'shard:';

/** Text in which `*`, `?`, `[` and so on stand for themselves. */
export function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]^-]/g, '\\$&');
}
