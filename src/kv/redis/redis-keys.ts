/**
 * The names of a job's keys in Redis. In a cluster, all but the series have the job's name in braces, so that they lie
 * on one server, and the series are spread. Other services read two of them: the pointer with GET, and then
 * the series of the generation that it names with HGET or HGETALL (GET where the job has no field, or the
 * layout is packed: then they need a list of fields from the meta, too).
 */
export class RedisKeys {
  readonly #job: string;
  /** What stands before the names of the keys that lie together: in braces, where a cluster goes by what is in them. */
  readonly #together: string;
  /** A string: the generation that readers see. */
  readonly pointer: string;
  /**
   * A string, JSON: the canary, and the published generation that it stands beside. Beside another one it counts as not
   * being there: whoever published that knew nothing of canaries.
   */
  readonly canary: string;
  /** A set: the generations of which anything may be in the store. */
  readonly generations: string;
  /** A hash, `lineage` and `token`: who published last. */
  readonly fence: string;
  /** Written to see whether writing works. */
  readonly ping: string;

  constructor(job: string, { inCluster = false } = {}) {
    this.#job = job;
    this.#together = inCluster ? `{${job}}` : job;
    this.pointer = `${this.#together}:current`;
    this.canary = `${this.#together}:canary`;
    this.generations = `${this.#together}:generations`;
    this.fence = `${this.#together}:fence`;
    this.ping = `${this.#together}:ping`;
  }

  /**
   * A hash: `info`, `layout`, `base`, a `shard:<index>` for each shard that was staged, and with the packed layout a
   * `fields:<id>` for each list of fields.
   */
  meta(generation: string): string {
    return `${this.#together}:${generation}`;
  }

  /** A hash of fields; a string where the layout is packed, or where the job has no field. */
  series(generation: string, key: string): string {
    return `${this.#job}:${generation}:${key}`;
  }

  /** Matches every series of a generation and nothing else. */
  seriesPattern(generation: string): string {
    return `${escapeGlob(this.series(generation, ''))}*`;
  }
}

export const INFO_FIELD = 'info';
export const LAYOUT_FIELD = 'layout';
/** The generation that this one began as a copy of. */
export const BASE_FIELD = 'base';
export const SHARD_FIELD = 'shard:';
export const LIST_FIELD = 'fields:';

/** Text in which `*`, `?`, `[` and so on stand for themselves. */
export function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]^-]/g, '\\$&');
}
