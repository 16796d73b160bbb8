import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RowGroup, RowGrouper } from '../../../../src/kv/group-rows.ts';
import { openStore } from '../../../../src/kv/open-store.ts';
import { putCrc64 } from '../../../../src/kv/redis/hash/crc64.ts';
import { dumpBytes, putDump, readDump } from '../../../../src/kv/redis/hash/dumped-hash.ts';
import { takesDumps } from '../../../../src/kv/redis/hash/takes-dumps.ts';
import { RedisKeys } from '../../../../src/kv/redis/redis-keys.ts';
import { type KvRow, kvBatch } from '../../../support/kv-batch.ts';
import { type RedisServer, startRedis } from '../../../support/redis-server.ts';
import { FENCE, stage } from '../../store-contract.ts';

let server: RedisServer;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});
beforeEach(async () => {
  await redis.flushall();
});

/** A text as predictions and their fields are: numbers of all sizes, dates, anything of up to 63 bytes. */
const text = fc.oneof(
  fc.integer().map(String),
  fc.integer({ min: -5000, max: 5000 }).map(String),
  fc.maxSafeInteger().map((value) => String(value % 1e14)),
  fc.float({ noNaN: true }).map(String),
  fc.constantFrom(
    '',
    '0',
    '-0',
    '007',
    '-',
    '+1',
    '1e3',
    '-4096',
    '4095',
    '4096',
    '2026-11-21',
    '-128',
    '127',
    '128',
  ),
  fc.string({ unit: 'binary', maxLength: 15 }),
);
const hash = fc
  .dictionary(text, text, { minKeys: 1, maxKeys: 12 })
  .map((each) => Object.entries(each))
  .filter((pairs) => dumpOf(pairs) !== null);

/** What a shard with one key makes of it; null where it is too much for a dump. */
function dumpOf(pairs: readonly (readonly [string, string])[]): Buffer | null {
  let dump: Buffer | null = null;
  const grouper = new RowGrouper((group: RowGroup) => {
    const most = dumpBytes(group);
    const bytes = Buffer.alloc(3 + most);
    dump = most === 0 ? null : bytes.subarray(3, putDump(bytes, 3, group));
  });
  grouper.add(kvBatch(pairs.map(([field, value]) => ['k', field, value])));
  grouper.end();
  return dump;
}

describe('a hash as RESTORE takes it', () => {
  it('is kept by Redis just as one that HSET made of the same fields, in the order of their bytes', async () => {
    const hashes = fc.sample(hash, 300);
    const pipeline = redis.pipeline();
    hashes.forEach((pairs, index) => {
      const sorted = pairs.toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      pipeline.hset(`set:${index}`, ...sorted.flat()).dumpBuffer(`set:${index}`);
      pipeline.restore(`restored:${index}`, 0, dumpOf(pairs) ?? '').dumpBuffer(`restored:${index}`);
    });
    const answers = await pipeline.exec();
    hashes.forEach((pairs, index) => {
      const [, set, restored, again] = (answers ?? []).slice(index * 4, index * 4 + 4);
      expect(restored, JSON.stringify(pairs)).toEqual([null, 'OK']);
      expect(again?.[1], JSON.stringify(pairs)).toEqual(set?.[1]);
    });
  });

  it('is read back as its texts', () => {
    fc.assert(
      fc.property(hash, (pairs) => {
        const texts = readDump(dumpOf(pairs) ?? Buffer.alloc(0)).map(String);
        const sorted = pairs.toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        expect(texts).toEqual(sorted.flat());
      }),
    );
  });

  it.each<[what: string, pairs: [string, string][]]>([
    ['a text of 64 bytes', [['f', 'x'.repeat(64)]]],
    ['an integer of 16 digits', [['f', '1234567890123456']]],
    ['513 fields', Array.from({ length: 513 }, (_, index) => [String(index), '1'])],
  ])('is not made of %s', (_, pairs) => {
    expect(dumpOf(pairs)).toBeNull();
  });

  it('ends with the checksum that others compute', () => {
    const bytes = Buffer.alloc(20, '123456789');
    expect(putCrc64(bytes, 0, 9)).toBe(17);
    expect(bytes.readBigUInt64LE(9)).toBe(0xe9c6d914c4b8d9can);
  });
});

describe('loading hashes', () => {
  const rows = (keys: number, day: number): KvRow[] =>
    Array.from({ length: keys }, (_, key) => [`1:${key}`, `2026-11-${day}`, `${key}.5`]);
  const calls = async (command: string): Promise<number> =>
    Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await redis.info('commandstats'))?.[1] ?? 0);

  /** Calls of RESTORE and HSET while a shard of two thousand keys is staged. */
  async function load(
    url: string,
    day: number,
  ): Promise<{ readonly restore: number; readonly hset: number }> {
    const store = openStore({ url, job: 'sales' });
    await store.claim(FENCE);
    const [restores, sets] = [await calls('restore'), await calls('hset')];
    try {
      await stage(store, rows(2_000, day), { shard: day, generation: 'g1' });
    } finally {
      await store.close();
    }
    return { restore: (await calls('restore')) - restores, hset: (await calls('hset')) - sets };
  }

  it('makes each by one command, adds to those that are there, and soon tries no more where most are', async () => {
    expect(await load(server.url, 21)).toEqual({ restore: 2_001, hset: 1 });
    const later = await load(server.url, 22);
    expect(later.hset).toBe(2_001);
    expect(await redis.hgetall('sales:g1:1:7')).toEqual({ '2026-11-21': '7.5', '2026-11-22': '7.5' });
    const mark = JSON.parse((await redis.hget('sales:g1', 'shard:22')) ?? '') as {
      receipt: { created: number };
    };
    expect(mark.receipt.created).toBe(2_000);
  });

  it('does without RESTORE where the user may not use it', async () => {
    await redis.call('ACL', 'SETUSER', 'few', 'on', '>pw', '~sales:*', '+@all', '-restore');
    expect(await load(server.url.replace('redis://', 'redis://few:pw@'), 21)).toMatchObject({ hset: 2_001 });
    expect(await redis.hgetall('sales:g1:1:1999')).toEqual({ '2026-11-21': '1999.5' });
  });

  it('asks a server by a key of its own, which it takes away', async () => {
    expect(await takesDumps(redis, new RedisKeys('sales'))).toBe(true);
    expect(await redis.dbsize()).toBe(0);
  });
});
