/** What a Redis says of itself; null where it does not say. */
export interface RedisFacts {
  readonly version: string | null;
  /** `standalone`, `cluster` or `sentinel`. */
  readonly mode: string | null;
  /** `master` or `slave`. */
  readonly role: string | null;
  readonly usedMemoryBytes: number | null;
  /** 0: no limit. */
  readonly maxMemoryBytes: number | null;
  /** `noeviction`, `allkeys-lru` and so on. */
  readonly maxMemoryPolicy: string | null;
  /** Whether it logs every write to its disk. */
  readonly hasAppendOnlyFile: boolean | null;
  /** Whether the last attempt to save worked. */
  readonly lastSaveOk: boolean;
  /** Whether it saves snapshots now and then. */
  readonly snapshots: boolean | null;
}

/** Reads the answer of INFO: lines `name:value`. */
export function parseRedisInfo(info: string): Omit<RedisFacts, 'snapshots'> {
  const values = new Map(
    info.split(/\r?\n/).flatMap((line) => {
      const [, name, value] = /^([a-z_0-9]+):(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value] as const];
    }),
  );
  const text = (name: string): string | null => values.get(name) ?? null;
  const number = (name: string): number | null => {
    const value = Number(values.get(name) ?? Number.NaN);
    return Number.isFinite(value) ? value : null;
  };
  const aof = text('aof_enabled');
  return {
    version: text('redis_version'),
    mode: text('redis_mode'),
    role: text('role'),
    usedMemoryBytes: number('used_memory'),
    maxMemoryBytes: number('maxmemory'),
    maxMemoryPolicy: text('maxmemory_policy'),
    hasAppendOnlyFile: aof === null ? null : aof === '1',
    lastSaveOk: !['rdb_last_bgsave_status', 'aof_last_write_status'].some((name) => text(name) === 'err'),
  };
}

/** Reads the answer of `CONFIG GET save`: the name and `3600 1 300 100`, or nothing for no snapshots. */
export function snapshotsOf(answer: unknown): boolean | null {
  if (!Array.isArray(answer) || typeof answer[1] !== 'string') return null;
  return answer[1] !== '';
}
