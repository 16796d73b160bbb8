import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/kv/open-store.ts';
import type { KvStore } from '../../src/kv/store.ts';
import { FENCE } from '../kv/store-contract.ts';
import type { KvRow } from '../support/kv-batch.ts';
import { temporaryFolder } from '../support/project.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { publish, sourceOf, startTestServer, type TestServer } from './served-store.ts';

const KEYS = 40;
const CLIENTS = 4;

/** Every value of a generation is the same number. */
function rowsOf(value: number): KvRow[] {
  return Array.from({ length: KEYS }, (_, key) => [
    [`1:${key}`, '2026-11-21', String(value)] as const,
    [`1:${key}`, '2026-11-22', String(value)] as const,
  ]).flat();
}

/** Asks one server in one way after the other; returns what was wrong. */
async function askUntil(
  server: TestServer,
  isOver: () => boolean,
): Promise<{ asked: number; wrong: string[] }> {
  const wrong: string[] = [];
  const product = (): number => Math.floor(Math.random() * KEYS);
  const check = (json: { run?: string }, values: readonly unknown[], count: number): void => {
    const expected = Number(json.run?.slice(1));
    if (values.length !== count || values.some((value) => value !== expected))
      wrong.push(JSON.stringify(json).slice(0, 300));
  };
  let asked = 0;
  for (; !isOver(); asked += 3) {
    const one = await server.get(`/v1/jobs/sales/predictions?store=1&product=${product()}&date=2026-11-21`);
    check(one.json, [one.json.value], 1);
    const series = await server.get(`/v1/jobs/sales/predictions?store=1&product=${product()}`);
    check(series.json, Object.values(series.json.values ?? {}), 2);
    const keys = Array.from({ length: 30 }, () => ({ store: 1, product: product(), date: '2026-11-22' }));
    const many = await server.post('/v1/jobs/sales/predictions', { keys });
    check(
      many.json,
      (many.json.predictions ?? []).map((each: { value?: number }) => each.value),
      30,
    );
    for (const { status, json } of [one, series, many])
      if (status !== 200) wrong.push(`${status} ${JSON.stringify(json)}`);
  }
  return { asked, wrong };
}

describe.each(['LMDB', 'Redis'])('two servers on one store: %s', (kind) => {
  let redis: RedisServer | undefined;
  let store: KvStore;
  let servers: readonly TestServer[];

  beforeAll(async () => {
    if (kind === 'Redis') redis = await startRedis();
    const url = redis?.url ?? `lmdb:${await temporaryFolder()}`;
    store = openStore({ url, job: 'sales' });
    await publish(store, 'g1', rowsOf(1));
    // As serve has it: for so long they ask for generations that may be gone already.
    const options = { refreshMs: 1_000 };
    servers = [
      await startTestServer([sourceOf(url)], options),
      await startTestServer([sourceOf(url)], options),
    ];
  });
  afterAll(async () => {
    await store.close();
    await redis?.stop();
  });

  it('20 flips and 5 rollbacks under load: no mixed answer, no failed request', async () => {
    let isOver = false;
    const clients = servers.flatMap((server) =>
      Array.from({ length: CLIENTS }, () => askUntil(server, () => isOver)),
    );
    try {
      for (let flip = 2; flip <= 21; flip++) {
        await publish(store, `g${flip}`, rowsOf(flip));
        await sleep(20);
        if (flip % 4 === 0) {
          await store.publish(`g${flip - 1}`, FENCE);
          await sleep(20);
          await store.publish(`g${flip}`, FENCE);
        }
        // As kv.keep: 2 would. Those who have just read the pointer still ask for it.
        if (flip > 2) await store.drop(`g${flip - 2}`, FENCE);
      }
    } finally {
      isOver = true;
    }
    const results = await Promise.all(clients);
    expect(results.flatMap(({ wrong }) => wrong)).toEqual([]);
    expect(results.every(({ asked }) => asked > 0)).toBe(true);
  });
});
