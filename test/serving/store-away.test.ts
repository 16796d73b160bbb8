import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ServingSpec } from '../../src/config/sections/serving.ts';
import { openStore } from '../../src/kv/open-store.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { publish, sourceOf, startTestServer, type TestServer, weekOf } from './served-store.ts';

const ONE = '/v1/jobs/sales/predictions?store=1&product=1&date=2026-11-21';
const OTHER = ONE.replace('product=1', 'product=2');

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(() => load('g1', '1.5'));

async function load(generation: string, value: string): Promise<void> {
  await redis.cli('FLUSHALL');
  const store = openStore({ url: redis.url, job: 'sales' });
  await publish(store, generation, weekOf(value));
  await store.close();
}

function serverWith(onStoreDown: ServingSpec['onStoreDown'], deadlineMs?: number): Promise<TestServer> {
  return startTestServer(
    [sourceOf(redis.url, { onStoreDown })],
    deadlineMs === undefined ? {} : { deadlineMs },
  );
}

describe('a store that is killed and comes back', () => {
  it('503 with Retry-After, and recovery by itself', async () => {
    const server = await serverWith('unavailable');
    expect((await server.get(ONE)).json.value).toBe(1.5);
    await redis.kill();
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => server.get(ONE)));
      for (const { status, headers, json } of answers) {
        expect({ status, retry: headers.get('retry-after') }).toEqual({ status: 503, retry: '1' });
        expect(JSON.stringify(json)).not.toContain(String(redis.port));
      }
    }
    expect(await server.get('/readyz')).toMatchObject({
      status: 503,
      json: { jobs: [{ job: 'sales', ready: false, reason: 'store away' }] },
    });
    expect((await server.get('/healthz')).status).toBe(200);
    expect((await server.get('/metrics')).json).toContain('serve_batch_published{job="sales"} 0');
    await redis.restart();
    await load('g2', '2.5');
    await expect.poll(async () => (await server.get(ONE)).json.value, { timeout: 20_000 }).toBe(2.5);
    await expect.poll(async () => (await server.get('/readyz')).status).toBe(200);
  });

  it('the last known answer with its age, where the job allows it', async () => {
    const server = await serverWith('last-known');
    await server.get(ONE);
    await redis.kill();
    const { status, headers, json } = await server.get(
      '/v1/jobs/sales/predictions?date=2026-11-21&product=1&store=1',
    );
    expect(status).toBe(200);
    expect(json).toMatchObject({ value: 1.5, run: 'g1', source: 'previous' });
    expect(json.ageSeconds).toBeGreaterThan(0);
    expect(headers.get('cache-control')).toBe('no-store');
    // Nobody has asked for this one before.
    expect((await server.get(OTHER)).status).toBe(503);
    await redis.restart();
    await load('g2', '2.5');
    await expect
      .poll(async () => (await server.get(ONE)).json, { timeout: 20_000 })
      .toMatchObject({ value: 2.5, source: 'stored' });
  });
});

describe('a store that hangs', () => {
  it('holds nobody up for longer than the deadline, and then nobody at all', async () => {
    const server = await serverWith('unavailable', 300);
    await server.get(ONE);
    await redis.cli('CLIENT', 'PAUSE', '60000', 'ALL');
    expect((await server.get(ONE)).status).toBe(503);
    const answers = await Promise.all(Array.from({ length: 50 }, () => server.get(ONE)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    await redis.restart();
    await load('g3', '3.5');
    await expect.poll(async () => (await server.get(ONE)).json.value, { timeout: 20_000 }).toBe(3.5);
  });
});
