import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/effects.ts';
import { KV_LAYOUTS } from '../../../src/core/plan.ts';
import { openStore } from '../../../src/kv/open-store.ts';
import { probeRedis } from '../../../src/kv/redis/probe-redis.ts';
import { parseRedisUrl } from '../../../src/kv/redis/redis-url.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { FENCE, INFO, stage, WEEK } from '../store-contract.ts';

/**
 * No Redis 5 or 6 is at hand. A newer one says of each of its commands, subcommands and options since when there is
 * such a thing: here it refuses all that is younger than 5.0, in scripts, too, and the options that are sent are
 * compared with that list. Nobody says HELLO (RESP3), nor logs in by a user's name. That emulates what an old server
 * does not know, not how it does what it knows.
 */
const OLDEST = 5;

interface Documented {
  readonly name: string;
  readonly since: number;
  readonly younger: readonly string[];
}

let server: RedisServer;
let admin: Redis;
let documented: ReadonlyMap<string, Documented>;

beforeAll(async () => {
  server = await startRedis();
  await server.cli('ACL', 'SETUSER', 'admin', 'on', '>admin', '~*', '&*', '+@all');
  admin = new Redis(server.port, server.host, { username: 'admin', password: 'admin', protocol: 2 });
  documented = new Map((await documentedCommands()).map((each) => [each.name, each]));
  const younger = [...documented.values()].filter(({ since }) => since > OLDEST);
  await admin.call('ACL', 'SETUSER', 'default', ...younger.map(({ name }) => `-${name}`));
});
afterAll(async () => {
  admin.disconnect();
  await server.stop();
});

/** Maps of a reply in RESP2 are lists of names and values. */
function mapOf(list: unknown): ReadonlyMap<string, unknown> {
  const items = list as unknown[];
  return new Map(items.flatMap((item, at) => (at % 2 === 0 ? [[String(item), items[at + 1]] as const] : [])));
}

async function documentedCommands(): Promise<readonly Documented[]> {
  const all = mapOf(await admin.call('COMMAND', 'DOCS'));
  return [...all].flatMap(([name, docs]) => [
    describeOne(name, docs),
    ...[...mapOf(mapOf(docs).get('subcommands') ?? [])].map(([sub, its]) => describeOne(sub, its)),
  ]);
}

function describeOne(name: string, docs: unknown): Documented {
  return { name, since: majorOf(docs), younger: youngerTokens(mapOf(docs).get('arguments') ?? []) };
}

function majorOf(docs: unknown): number {
  return Number.parseInt(String(mapOf(docs).get('since') ?? '0'), 10);
}

/** Options that came later, with all that belongs to them. */
function youngerTokens(list: unknown, isYounger = false): readonly string[] {
  return (list as unknown[]).flatMap((argument) => {
    const facts = mapOf(argument);
    const younger = isYounger || majorOf(argument) > OLDEST;
    const token = facts.get('token');
    return [
      ...(younger && typeof token === 'string' ? [token.toUpperCase()] : []),
      ...youngerTokens(facts.get('arguments') ?? [], younger),
    ];
  });
}

/** All that the default user sends while `work` goes on, what scripts do included. */
async function commandsOf(work: () => Promise<unknown>): Promise<readonly (readonly string[])[]> {
  const monitor = await admin.duplicate().monitor();
  const seen: string[][] = [];
  monitor.on('monitor', (_time: string, sent: string[]) => seen.push(sent));
  try {
    await work();
    await admin.call('ECHO', 'end');
    await expect.poll(() => seen.some(([name, text]) => name === 'ECHO' && text === 'end')).toBe(true);
  } finally {
    monitor.disconnect();
  }
  return seen.filter(([name]) => name !== 'ECHO');
}

describe.each(KV_LAYOUTS)('a Redis that knows only what Redis 5 has: %s', (layout) => {
  it('takes, shows, extends and drops generations, and is sent no younger command or option', async () => {
    await admin.flushall();
    await admin.config('RESETSTAT');
    const sent = await commandsOf(async () => {
      await probeRedis(parseRedisUrl(server.url), ['sales'], systemClock);
      const store = openStore({ url: server.url, job: 'sales' });
      await store.ping();
      await store.claim(FENCE);
      await stage(store, WEEK, { layout, ttlSeconds: 3600 });
      await store.describe('g1', INFO, FENCE);
      await store.publish('g1', FENCE);
      expect(await store.count('g1')).toEqual({ keys: 2, values: 3 });
      expect(await store.extend('g2', { of: 'g1', layout }, FENCE)).toBe(true);
      await stage(store, [['1:2', '2026-11-22', '4.5']], { layout, generation: 'g2', shard: 1 });
      await store.describe('g2', INFO, FENCE);
      expect(await store.count('g2')).toEqual({ keys: 2, values: 4 });
      await store.publish('g2', FENCE, { generation: 'g1', share: 0.5 });
      await store.publish('g2', FENCE);
      const read = openStore({ url: server.url, job: 'sales' });
      expect(await read.getMany('g2', [{ key: '1:2', field: '2026-11-22' }])).toEqual(['4.5']);
      expect((await read.getSeries('g2', '1:1'))?.size).toBe(2);
      expect([...(await read.stagedShards('g2')).keys()]).toEqual([1]);
      await store.drop('g1', FENCE);
      expect(await store.generations()).toEqual(['g2']);
      await store.withdraw(FENCE);
      await store.drop('g2', FENCE);
      await Promise.all([store.close(), read.close()]);
    });
    const names = new Set(sent.map(([name = '']) => name.toLowerCase()));
    expect(names).toContain('eval');
    // MONITOR does not show it.
    expect(await admin.info('commandstats')).not.toContain('cmdstat_hello');
    const younger = sent.filter(([name = '', ...args]) => {
      const command = documented.get(name.toLowerCase());
      return command === undefined || args.some((text) => command.younger.includes(text.toUpperCase()));
    });
    expect(younger).toEqual([]);
  });
});

it('the emulation refuses what is younger, in scripts, too, and knows younger options', async () => {
  const old = new Redis(server.port, server.host, { protocol: 2 });
  try {
    await expect(old.call('COPY', 'a', 'b')).rejects.toThrow(/NOPERM/);
    await expect(old.eval("return redis.call('GETDEL', 'a')", 0)).rejects.toThrow(
      /can't run this command|NOPERM/,
    );
    expect(documented.get('set')?.younger).toEqual(expect.arrayContaining(['KEEPTTL', 'GET']));
    expect(documented.get('scan')?.younger).toEqual(['TYPE']);
    expect(documented.get('set')?.younger).not.toContain('PX');
  } finally {
    old.disconnect();
  }
});
