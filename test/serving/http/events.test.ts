import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../../src/kv/open-store.ts';
import type { KvStore } from '../../../src/kv/store.ts';
import { EventStreams } from '../../../src/serving/events/event-streams.ts';
import { FENCE } from '../../kv/store-contract.ts';
import { temporaryFolder } from '../../support/project.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { publish, sourceOf, startTestServer, type TestServer, weekOf } from '../served-store.ts';

interface Received {
  readonly id: string | undefined;
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests compare what they expect
  readonly data: any;
}

interface Follower {
  readonly status: number;
  /** The next event, however long it takes; undefined: the stream has ended. */
  next(): Promise<Received | undefined>;
  leave(): void;
}

async function follow(server: TestServer, headers: Record<string, string> = {}): Promise<Follower> {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const { status, body } = await fetch(`${server.url}/v1/jobs/sales/events`, {
    headers,
    signal: abort.signal,
  });
  const texts = body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  return {
    status,
    leave: () => abort.abort(),
    async next() {
      for (;;) {
        const end = rest.indexOf('\n\n');
        if (end === -1) {
          const { value, done } = (await texts?.read()) ?? { done: true, value: undefined };
          if (done) return undefined;
          rest += value;
          continue;
        }
        const block = rest.slice(0, end);
        rest = rest.slice(end + 2);
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
        const event = field('event');
        if (event !== undefined) return { id: field('id'), event, data: JSON.parse(field('data') ?? '') };
      }
    },
  };
}

describe.each(['LMDB', 'Redis'])('the flips of a job in %s', (kind) => {
  let redis: RedisServer | undefined;
  let url: string;
  let store: KvStore;

  beforeAll(async () => {
    if (kind === 'Redis') redis = await startRedis();
    url = redis?.url ?? `lmdb:${await temporaryFolder()}`;
    store = openStore({ url, job: 'sales' });
    await publish(store, 'g1', weekOf('1'), { createdAt: '2026-11-21T00:00:00.000Z' });
    await publish(store, 'g2', weekOf('2'), { createdAt: '2026-11-28T00:00:00.000Z' });
  });
  afterAll(async () => {
    await store.close();
    await redis?.stop();
  });

  const flipTo = (generation: string, token: number) => store.publish(generation, { ...FENCE, token });

  it('are told with their token, and resumed from the last one that a client has seen', async () => {
    await flipTo('g1', 11);
    const server = await startTestServer([sourceOf(url)]);
    const follower = await follow(server);
    const first = await follower.next();
    expect(first).toMatchObject({
      id: '11',
      event: 'current',
      data: { run: 'g1', previous: null, token: 11 },
    });
    await flipTo('g2', 12);
    const second = await follower.next();
    expect(second).toMatchObject({
      id: '12',
      event: 'publish',
      data: { run: 'g2', previous: 'g1', token: 12 },
    });
    follower.leave();
    await flipTo('g1', 13);
    const again = await follow(server, { 'last-event-id': '12' });
    expect(await again.next()).toMatchObject({ id: '13', event: 'rollback', data: { run: 'g1' } });
    const knows = await follow(server, { 'last-event-id': '13' });
    await flipTo('g2', 14);
    expect(await knows.next()).toMatchObject({ id: '14', event: 'publish' });
    const stranger = await follow(server, { 'last-event-id': '3' });
    expect(await stranger.next()).toMatchObject({ id: '14', event: 'current' });
  });

  it('end with the server', async () => {
    const server = await startTestServer([sourceOf(url)]);
    const follower = await follow(server);
    await follower.next();
    await server.app.close();
    expect(await follower.next()).toBeUndefined();
  });

  it('end with the job, when its file has changed', async () => {
    const server = await startTestServer([sourceOf(url)]);
    const follower = await follow(server);
    await follower.next();
    await server.jobs.replace([sourceOf(url, { maxAgeSeconds: 5 })]);
    expect(await follower.next()).toBeUndefined();
  });
});

describe('whoever follows a job', () => {
  it('is told that there are too many, that there is no such job, and that the store is away', async () => {
    const url = `lmdb:${await temporaryFolder()}`;
    const streams = new EventStreams({ most: 1, heartbeatMs: 60_000, mostWaiting: 1000 });
    const away = { ...sourceOf('redis://127.0.0.1:1'), name: 'away' };
    const server = await startTestServer([sourceOf(url), away], { streams });
    expect((await server.get('/v1/jobs/away/events')).status).toBe(503);
    expect((await server.get('/v1/jobs/sale/events')).status).toBe(404);
    expect(streams.size, 'refused ones hold no place').toBe(0);
    expect((await follow(server)).status).toBe(200);
    const { status, headers, json } = await server.get('/v1/jobs/sales/events');
    expect([status, headers.get('retry-after'), json.error.code]).toEqual([503, '10', 'TOO_MANY_CLIENTS']);
  });

  it('needs a token where there is one', async () => {
    const url = `lmdb:${await temporaryFolder()}`;
    const server = await startTestServer([sourceOf(url)], { tokens: ['a-long-enough-token'] });
    expect((await server.get('/v1/jobs/sales/events')).status).toBe(401);
  });
});
