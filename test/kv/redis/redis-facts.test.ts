import { describe, expect, it } from 'vitest';
import { parseRedisInfo, snapshotsOf } from '../../../src/kv/redis/redis-facts.ts';

const INFO = `# Server\r
redis_version:7.0.15\r
redis_mode:standalone\r
\r
# Memory\r
used_memory:1048576\r
used_memory_human:1.00M\r
maxmemory:0\r
maxmemory_policy:noeviction\r
rdb_last_bgsave_status:ok\r
aof_enabled:1\r
aof_last_write_status:ok\r
role:master\r
`;

describe('parseRedisInfo', () => {
  it('reads the lines that matter', () => {
    expect(parseRedisInfo(INFO)).toEqual({
      version: '7.0.15',
      mode: 'standalone',
      role: 'master',
      usedMemoryBytes: 1048576,
      maxMemoryBytes: 0,
      maxMemoryPolicy: 'noeviction',
      hasAppendOnlyFile: true,
      lastSaveOk: true,
    });
  });

  it('says null for what a server leaves out', () => {
    expect(parseRedisInfo('# Server\n')).toMatchObject({
      version: null,
      maxMemoryBytes: null,
      hasAppendOnlyFile: null,
      lastSaveOk: true,
    });
  });

  it.each(['rdb_last_bgsave_status', 'aof_last_write_status'])('notices that saving failed: %s', (name) => {
    expect(parseRedisInfo(INFO.replace(`${name}:ok`, `${name}:err`)).lastSaveOk).toBe(false);
  });
});

describe('snapshotsOf', () => {
  it.each([
    [['save', '3600 1 300 100'], true],
    [['save', ''], false],
    [[], null],
    [null, null],
  ])('%j is %s', (answer, expected) => {
    expect(snapshotsOf(answer)).toBe(expected);
  });
});
