import { existsSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../src/kv/open-store.ts';
import { stage, WEEK } from '../kv/store-contract.ts';
import { makeProject, type Project } from '../support/project.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { setLayout } from './packed-job.ts';
import { runSql } from './sales-tables.ts';

/** A generation of a run that was killed while it loaded. */
const HALF = '20260101T000000Z-half';

let redis: RedisServer;
let project: Project;
let published: string;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await redis.stop();
});

beforeEach(async () => {
  await redis.cli('CONFIG', 'SET', 'maxmemory', '0');
  await redis.cli('FLUSHALL');
  project = await makeProject();
  await runSql([
    `COPY (SELECT * REPLACE (lag_7 + 10 AS lag_7) FROM '${project.path('fixtures/sales.parquet')}')
     TO '${project.path('next.parquet')}' (FORMAT parquet)`,
  ]);
  published = (await project.run(['--kv', redis.url])).runId;
});

/** From here on the server takes this many bytes more. */
async function leave(bytes: number): Promise<void> {
  const used = /used_memory:(\d+)/.exec(await redis.cli('INFO', 'memory'))?.[1];
  await redis.cli('CONFIG', 'SET', 'maxmemory', String(Number(used) + bytes));
}

async function leaveHalf(): Promise<void> {
  const store = openStore({ url: redis.url, job: 'sales' });
  await stage(store, WEEK, { generation: HALF });
  await store.close();
  const key = `sales:${HALF}:1:2`;
  for (let value = 0; value < 8; value++) await redis.cli('HSET', key, `f${value}`, 'x'.repeat(100_000));
}

async function expectOldWeek(): Promise<void> {
  const store = openStore({ url: redis.url, job: 'sales' });
  expect(await store.count(published)).toEqual({ keys: 1000, values: 7000 });
  expect(await store.get(published, '2:3', '2026-11-24')).toMatch(/^\d/);
  await store.close();
}

const generations = async (): Promise<string[]> =>
  (await redis.cli('SMEMBERS', 'sales:generations')).split('\n').sort();

describe('a Redis whose memory is used up', () => {
  it.each(['hash', 'packed'] as const)('in the middle of a load: %s', async (layout) => {
    if (layout === 'packed') await setLayout(project, layout);
    await leave(150_000);
    const { code, stderr } = await project.serveBatch([
      ...['run', '--input', 'next.parquet', '--kv', redis.url, '--shard-rows', '584'],
    ]);
    expect(stderr).toContain('Its memory is used up');
    expect(code).toBe(7);
    expect(await generations()).toEqual([published]);
    const run = (await project.runs()).find((each) => each !== published) ?? '';
    expect(await redis.cli('--scan', '--pattern', `sales:${run}*`)).toBe('');
    await expectOldWeek();
    await redis.cli('CONFIG', 'SET', 'maxmemory', '0');
    expect((await project.serveBatch(['publish', run, '--kv', redis.url])).code).toBe(0);
    expect(await generations()).toEqual([published, run].sort());
  });

  it.each<[what: string, args: () => string[]]>([
    ['the next run', () => ['run', '--input', 'next.parquet', '--kv', redis.url]],
    ['publishing the published run again', () => ['publish', published, '--kv', redis.url]],
    ['runs prune --store', () => ['runs', 'prune', '--job', 'sales', '--store', '--kv', redis.url]],
  ])('by what a killed run has left: %s drops it', async (_, args) => {
    await leaveHalf();
    await leave(0);
    expect(await project.serveBatch(args())).toMatchObject({ code: 0 });
    expect(await generations()).not.toContain(HALF);
    expect(await redis.cli('--scan', '--pattern', `sales:${HALF}*`)).toBe('');
    await expectOldWeek();
  });

  it('runs prune --store --dry-run says what would go, and drops nothing', async () => {
    await leaveHalf();
    const { stdout } = await project.serveBatch([
      ...['runs', 'prune', '--store', '--kv', redis.url, '--dry-run'],
    ]);
    expect(stdout).toContain(`Would drop from the store of sales: ${HALF}`);
    expect(await generations()).toContain(HALF);
  });
});

it('runs prune --store drops from LMDB what a killed run has left', async () => {
  const here = await makeProject();
  await here.run(['--input', 'fixtures/sales.parquet']);
  const url = `lmdb:${here.path('out/sales/kv')}`;
  const store = openStore({ url, job: 'sales' });
  await stage(store, WEEK, { generation: HALF });
  await store.close();
  expect((await here.serveBatch(['runs', 'prune', '--store'])).stdout).toContain(HALF);
  expect(existsSync(here.path(`out/sales/kv/sales.${HALF}.lmdb`))).toBe(false);
});
