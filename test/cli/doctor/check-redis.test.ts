import { describe, expect, it } from 'vitest';
import { describeCluster, describeRedis } from '../../../src/cli/doctor/check-redis.ts';
import { parseRedisAddress } from '../../../src/kv/redis/connection/redis-address.ts';
import type { RedisFacts } from '../../../src/kv/redis/redis-facts.ts';
import { parseRedisUrl } from '../../../src/kv/redis/redis-url.ts';

const FACTS: RedisFacts = {
  version: '7.0.15',
  mode: 'standalone',
  role: 'master',
  usedMemoryBytes: 1e6,
  maxMemoryBytes: 1e9,
  maxMemoryPolicy: 'noeviction',
  hasAppendOnlyFile: true,
  lastSaveOk: true,
  snapshots: false,
};

function linesOf(
  facts: Partial<RedisFacts>,
  { url = 'rediss://cache:6380', latencyMs = 0.456 } = {},
): string[] {
  const checks = describeRedis(parseRedisUrl(url), { latencyMs, facts: { ...FACTS, ...facts } });
  return checks.map(({ mark, text }) => `${mark}: ${text}`);
}

describe('describeRedis', () => {
  it('has nothing to say against one that is as it should be', () => {
    expect(linesOf({})).toEqual([
      'ok: answers, and takes writes in 0.46 ms',
      'ok: TLS',
      'ok: Redis 7.0.15',
      'ok: maxmemory 1.0 GB, 1.0 MB in use',
      'ok: maxmemory-policy noeviction',
      'ok: saves to its disk: an append-only file',
    ]);
  });

  it.each<[string, Partial<RedisFacts>, RegExp]>([
    ['an old version', { version: '5.0.9' }, /^warn: Redis 5\.0\.9: it is older than 6/],
    ['a cluster', { mode: 'cluster' }, /^fail: It is a Redis cluster: write redis\+cluster:/],
    ['a replica', { role: 'slave' }, /^fail: It is a replica/],
    ['little room', { usedMemoryBytes: 9e8 }, /^warn: maxmemory 1\.0 GB, 900\.0 MB in use: nearly full/],
    ['eviction', { maxMemoryPolicy: 'allkeys-lru' }, /^warn: maxmemory-policy allkeys-lru.*Set noeviction/],
    ['a disk that fails', { lastSaveOk: false }, /^warn: it could not save/],
    ['no limit', { maxMemoryBytes: 0 }, /^info: no maxmemory, 1\.0 MB in use/],
    ['no saving', { hasAppendOnlyFile: false }, /^info: saves nothing/],
    ['saving unknown', { hasAppendOnlyFile: false, snapshots: null }, /^info: whether it saves/],
    ['both ways of saving', { snapshots: true }, /^ok: saves to its disk: an append-only file and snapshots/],
  ])('notices %s', (_, facts, expected) => {
    expect(linesOf(facts).filter((line) => expected.test(line))).toHaveLength(1);
  });

  it('a replica and a cluster are failures of the store', () => {
    const checks = describeRedis(parseRedisUrl('redis://cache'), {
      latencyMs: 1,
      facts: { ...FACTS, role: 'slave' },
    });
    expect(checks.map(({ code }) => code)).toContain('STORE_REFUSED');
  });

  it('warns of a slow network', () => {
    expect(linesOf({}, { latencyMs: 51 })[0]).toMatch(/^warn: .* 51 ms/);
  });

  it.each([
    ['redis://cache', /^info: no TLS: others/],
    ['redis://127.0.0.1:7000', /^info: no TLS, on this machine/],
    ['redis://[::1]:7000', /^info: no TLS, on this machine/],
    ['redis://localhost', /^info: no TLS, on this machine/],
    ['redis://10.0.0.1', /^info: no TLS: others/],
  ])('says of %s whether others can read it', (url, expected) => {
    expect(linesOf({}, { url })[1]).toMatch(expected);
  });

  it('says what it does not know where the user may not ask', () => {
    const checks = describeRedis(parseRedisUrl('redis://cache'), { latencyMs: 1, facts: null });
    expect(checks.map(({ mark }) => mark)).toEqual(['ok', 'info', 'info']);
  });
});

describe('describeCluster', () => {
  const address = parseRedisAddress('rediss+cluster://a,b:7000');
  const masters = ['a', 'b'].map((host) => ({
    target: { ...address, host, port: 7000 },
    hasReplicas: host === 'a',
    latencyMs: 0.5,
    facts: { ...FACTS, mode: 'cluster', ...(host === 'b' ? { maxMemoryPolicy: 'allkeys-lru' } : {}) },
  }));
  const linesOf = (some: typeof masters) =>
    describeCluster(address, some).map(({ mark, name, text }) => `${mark}: ${name}: ${text}`);

  it('says what each master says, and where nobody takes over', () => {
    const lines = linesOf(masters);
    expect(lines[0]).toBe(
      'warn: rediss+cluster://a,b:7000: a cluster of 2 masters; nobody takes over from b:7000: give each a replica',
    );
    expect(lines).toContain('ok: a:7000: Redis 7.0.15');
    expect(lines.filter((line) => /^warn: b:7000: .*Set noeviction/.test(line))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('fail'))).toEqual([]);
  });

  it('has nothing to say against one with replicas', () => {
    expect(linesOf(masters.slice(0, 1))[0]).toMatch(/^ok: .* a cluster of 1 master, each with a replica$/);
  });
});
