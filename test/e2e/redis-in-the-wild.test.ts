import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../src/core/effects.ts';
import { createLookup } from '../../src/index.ts';
import { openStore } from '../../src/kv/open-store.ts';
import { openRedis } from '../../src/kv/redis/open-redis.ts';
import type { KvBatch, StageRequest } from '../../src/kv/store.ts';
import { FENCE, INFO, stage, WEEK } from '../kv/store-contract.ts';
import { kvBatch } from '../support/kv-batch.ts';
import { makeProject, type Project } from '../support/project.ts';
import { startRedisPair } from '../support/redis-pair.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await redis.stop();
});
beforeEach(async () => {
  await redis.cli('FLUSHALL');
});

const LOOKUP = ['lookup', 'sales', 'store=2', 'product=3', 'date=2026-11-24'];

describe('a Redis that loses what was published', () => {
  let project: Project;
  let published: string;
  const kv = (): string[] => ['--kv', redis.url];

  beforeEach(async () => {
    await redis.cli('CONFIG', 'SET', 'maxmemory', '0');
    await redis.cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    project ??= await makeProject();
    published = (await project.run([...kv(), '--force'])).runId;
  });

  it('FLUSHALL: lookup says that the store lost the run, and publish brings it back', async () => {
    const lookup = createLookup({ job: 'sales', url: redis.url, refreshMs: 0 });
    onTestFinished(() => lookup.close());
    const columns = { store: 2, product: 3, date: '2026-11-24' };
    expect((await lookup.get(columns))?.run).toBe(published);
    await redis.cli('FLUSHALL');
    await expect(lookup.get(columns)).rejects.toMatchObject({ code: 'STORE_INCOMPLETE' });
    const lost = await project.serveBatch([...LOOKUP, ...kv()]);
    expect(lost.code).toBe(7);
    expect(lost.stderr).toContain(`has lost run ${published} of job "sales", which is published`);
    expect(lost.stderr).toContain(`serve-batch publish ${published}`);
    expect((await project.serveBatch(['publish', published, ...kv()])).code).toBe(0);
    expect((await lookup.get(columns))?.run).toBe(published);
  });

  it('eviction: doctor counts what is left, and publish brings it back', async () => {
    await project.write('jobs/evicted.yaml', jobFor(redis.url));
    const { runId } = await project.run(['evicted']);
    expect(await doctorSays(project)).not.toContain('evicts keys');
    await evict(runId);
    expect(await doctorSays(project)).toMatch(
      new RegExp(
        `The store of evicted holds [\\d,]+ of the 7,000 values of run ${runId}: the server evicts keys`,
      ),
    );
    expect((await project.serveBatch(['publish', runId])).code).toBe(0);
    expect(await doctorSays(project)).not.toContain('evicts keys');
  });

  it('eviction in the middle of a load: the run is not published, and ends with exit code 7', async () => {
    const used = /used_memory:(\d+)/.exec(await redis.cli('INFO', 'memory'))?.[1];
    await redis.cli('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    await redis.cli('CONFIG', 'SET', 'maxmemory', String(Number(used) + 100_000));
    const result = await project.serveBatch(['run', '--force', ...kv()]);
    expect(result.stderr).toMatch(/Does the store evict keys|does not hold|has lost|refuses/i);
    expect(result.code).toBe(7);
    expect((await project.published())?.runId).toBe(published);
  });

  /** As eviction leaves it; which keys a server evicts is its own choice, and may be the pointer. */
  async function evict(runId: string): Promise<void> {
    const products = Array.from({ length: 40 }, (_, index) => `evicted:${runId}:1:${index + 1}`);
    expect(await redis.cli('DEL', ...products)).toContain('40');
  }
});

const jobFor = (url: string): string => `
input: fixtures/sales.parquet
model: fixtures/sales-by-column.onnx
kv: {url: "${url}", key: "{store}:{product}", field: "{date}"}
`;

async function doctorSays(project: Project): Promise<string> {
  return (await project.serveBatch(['doctor'])).stdout;
}

const NEXT: Parameters<typeof stage>[1] = [['9:9', '2026-11-21', '9.5']];
const SHARD: Omit<StageRequest, 'batches'> = {
  fence: FENCE,
  ...{ generation: 'g2', layout: 'hash', shard: 1, ttlSeconds: null },
  signal: new AbortController().signal,
};

/** Rows of a load, the second of which come after something has happened. */
async function* rowsThen(happens: () => Promise<void>): AsyncGenerator<KvBatch> {
  yield kvBatch([['8:8', '2026-11-21', '8.5']]);
  await happens();
  yield kvBatch(NEXT);
}

describe('a Redis that changes while a job works', () => {
  it('the password is another one: loads are refused, with advice, and what was published stays', async () => {
    await redis.cli('ACL', 'SETUSER', 'jobs', 'on', '>first', '~*', '+@all');
    onTestFinished(async () => void (await redis.cli('ACL', 'DELUSER', 'jobs')));
    const withPassword = (password: string): string =>
      redis.url.replace('redis://', `redis://jobs:${password}@`);
    const store = openStore({ url: withPassword('first'), job: 'sales' });
    onTestFinished(() => store.close());
    await stage(store, WEEK, { generation: 'g1' });
    await store.describe('g1', INFO, FENCE);
    await store.publish('g1', FENCE);
    await redis.cli('ACL', 'SETUSER', 'jobs', 'resetpass', '>second');
    await expect(stage(store, WEEK, { generation: 'g2' })).rejects.toMatchObject({
      code: 'STORE_REFUSED',
      message: expect.stringMatching(/WRONGPASS.*Check user name and password/),
    });
    const after = openStore({ url: withPassword('second'), job: 'sales' });
    onTestFinished(() => after.close());
    expect(await after.current()).toBe('g1');
    expect([...(await after.stagedShards('g2')).keys()]).toEqual([]);
    await stage(after, WEEK, { generation: 'g2' });
  });

  it('the primary is killed in the middle of a load: readers keep the old generation, and the load is done on its replica', async () => {
    const pair = await startRedisPair();
    onTestFinished(() => pair.stop());
    const store = openStore({ url: pair.url, job: 'sales' });
    onTestFinished(() => store.close());
    await stage(store, WEEK, { generation: 'g1' });
    await store.describe('g1', INFO, FENCE);
    await store.publish('g1', FENCE);
    await stage(store, WEEK, { generation: 'g2' });
    await pair.replicated();
    await expect(
      store.stage({ ...SHARD, batches: () => rowsThen(() => pair.failOver()) }),
    ).rejects.toMatchObject({
      code: expect.stringMatching(/^STORE_(UNAVAILABLE|REFUSED)$/),
    });
    // The first answer may be that of the connection which was lost.
    await vi.waitFor(
      () =>
        expect(stage(store, NEXT, { generation: 'g2', shard: 1 })).rejects.toMatchObject({
          code: 'STORE_REFUSED',
          message: expect.stringMatching(/READONLY.*If a replica is taking over at this address/),
        }),
      { timeout: 20_000 },
    );
    expect(await store.current()).toBe('g1');
    expect(await store.get('g1', '1:2', '2026-11-21')).toBe('3.5');
    await pair.promote();
    expect([...(await store.stagedShards('g2')).keys()]).toEqual([0]);
    await stage(store, NEXT, { generation: 'g2', shard: 1 });
    await store.describe('g2', { ...INFO, runId: 'g2' }, FENCE);
    expect(await store.count('g2')).toEqual({ keys: 3, values: 4 });
    await store.publish('g2', FENCE);
    expect(await store.get('g2', '9:9', '2026-11-21')).toBe('9.5');
  });

  it('silence: every step ends by its deadline, and goes on once the server answers again', async () => {
    const timeouts = { connectMs: 200, answerMs: 300 };
    const store = openRedis({ url: redis.url, job: 'sales', clock: systemClock, timeouts });
    onTestFinished(() => store.close());
    await stage(store, WEEK, { generation: 'g1' });
    await store.describe('g1', INFO, FENCE);
    await store.publish('g1', FENCE);
    const pid = Number(/process_id:(\d+)/.exec(await redis.cli('INFO', 'server'))?.[1]);
    process.kill(pid, 'SIGSTOP');
    try {
      for (const step of [
        () => store.ping(),
        () => stage(store, WEEK, { generation: 'g2' }),
        () => store.count('g1'),
        () => store.publish('g1', FENCE),
        () => store.drop('g2', FENCE),
        () => store.current(),
        () => store.getMany('g1', [{ key: '1:2', field: '2026-11-21' }]),
      ])
        await expect(step()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await stage(store, WEEK, { generation: 'g2' });
    expect(await store.count('g2')).toEqual({ keys: 2, values: 3 });
    expect(await store.current()).toBe('g1');
  });
});
