import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { DEFAULT_LIVE } from '../../../src/config/sections/live.ts';
import { DEFAULT_SERVING, type ServingSpec } from '../../../src/config/sections/serving.ts';
import { openStore } from '../../../src/kv/open-store.ts';
import type { JobSource } from '../../../src/serving/served-jobs.ts';
import { makeProject, type Project } from '../../support/project.ts';
import { startTestServer, type TestServer } from '../served-store.ts';
import { liveWorkers } from './live-workers.ts';

const SMALL_GRID = `name: grid
input:
  grid:
    store: [1, 2, 3]
    product: [1, 2]
  filter: store <> 3
features:
  tables: { prices: prices.csv }
  select: |
    SELECT price, 0 AS discount, 1 AS day_of_week, 11 AS month, 100 AS size_sqm, 1 AS lag_7, 2 AS lag_14, 3 AS mean_28,
      0 AS region, 0 AS category
    FROM input LEFT JOIN prices USING (product)
model: fixtures/sales.onnx
kv: { key: "{store}:{product}" }
`;

let project: Project;

function sourceOf(job: string, serving: Partial<ServingSpec> = {}): JobSource {
  const folderOfJob = project.path('out', job);
  return {
    name: job,
    description: null,
    storeUrl: `lmdb:${join(folderOfJob, 'kv')}`,
    schedule: null,
    folderOfJob,
    serving: { ...DEFAULT_SERVING, live: DEFAULT_LIVE, ...serving },
  };
}

function serve(job: string, serving: Partial<ServingSpec> = {}): Promise<TestServer> {
  return startTestServer([sourceOf(job, serving)], { startWorkers: liveWorkers, keyValues: null });
}

beforeAll(async () => {
  project = await makeProject();
  await project.write('jobs/grid.yaml', SMALL_GRID);
  await writeFile(project.path('prices.csv'), 'product,price\n1,2.5\n2,4.5\n');
  await project.run(['sales']);
  await project.run(['grid']);
  vi.spyOn(process, 'cwd').mockReturnValue(project.folder);
});

const ONE = '/v1/jobs/sales/predictions?store=1&product=2&date=2026-11-21';
const KEY = { store: 1, product: 2, date: '2026-11-21' };

describe('live answers over HTTP', () => {
  it('a stored answer stays stored', async () => {
    const { get } = await serve('sales');
    expect((await get(ONE)).json).toMatchObject({ source: 'stored', value: 14.964146 });
  });

  it('an answer older than maxAge is computed again, and is the same', async () => {
    const { get, post } = await serve('sales', { maxAgeSeconds: 0 });
    await expect.poll(async () => (await get(ONE)).json.source).toBe('live');
    const { status, headers, json } = await get(ONE);
    expect(status).toBe(200);
    expect(headers.get('etag')).toBeNull();
    expect(json).toMatchObject({ source: 'live', value: 14.964146, stale: true });
    const many = await post('/v1/jobs/sales/predictions', { keys: [KEY, { ...KEY, product: 99999 }] });
    expect(many.json.source).toBe('live');
    expect(many.json.predictions).toEqual([
      { found: true, value: 14.964146, source: 'live' },
      { found: false },
    ]);
  });

  it('a key that the store has lost is answered, and one that the run never had is not', async () => {
    const source = sourceOf('sales');
    const store = openStore({ job: 'sales', url: source.storeUrl });
    const generation = (await store.current()) ?? '';
    await store.close();
    const real = Object.getPrototypeOf(store) as { get: typeof store.get };
    const lost = vi.spyOn(real, 'get').mockImplementation(async () => undefined);
    try {
      const { get } = await serve('sales');
      expect((await get(ONE)).json).toMatchObject({ source: 'live', value: 14.964146, generation });
      const unknown = await get('/v1/jobs/sales/predictions?store=999&product=2&date=2026-11-21');
      expect(unknown.status).toBe(404);
      const odd = `/v1/jobs/sales/predictions?store=%00&product=${encodeURIComponent("'; DROP TABLE x; --é😀")}&date=x`;
      expect((await get(odd)).status).toBe(404);
    } finally {
      lost.mockRestore();
    }
  });

  it('a changed row is scored: a column of the input, in any case, and several keys', async () => {
    const { post } = await serve('sales');
    const ask = (body: object) => post('/v1/jobs/sales/predictions', { keys: [KEY], ...body });
    const same = await ask({ with: {} });
    expect(same.json).toMatchObject({ source: 'live', predictions: [{ found: true, value: 14.964146 }] });
    const dearer = await ask({ with: { Price: 99.5 } });
    expect(dearer.status).toBe(200);
    expect(dearer.json.predictions[0].value).not.toBe(14.964146);
    const { json } = await ask({
      keys: [KEY, { ...KEY, store: 2 }, { ...KEY, store: 999 }],
      with: { discount: 0.3 },
    });
    expect(json.predictions.map(({ found }: { found: boolean }) => found)).toEqual([true, true, false]);
  });

  it.each([
    ['a column that is not there', { pric: 3 }, 'pric', /Did you mean "price"/],
    ['a text for a number', { price: '3' }, 'price', /expected a finite number/],
    ['NaN as text', { price: 'NaN' }, 'price', /holds "NaN"/],
    ['infinity as text', { price: 'Infinity' }, 'price', /expected a finite number/],
    ['a number for a text', { region: 3 }, 'region', /expected a text/],
    ['a date that is none', { date: '2026-02-31' }, 'date', /expected a text that is a DATE/],
    ['a NUL', { region: 'a\0b' }, 'region', /expected a text/],
    ['a value that features.select makes null', { region: 'nowhere' }, 'region', /is null/],
  ])('%s is a 422 that names the column', async (_, changed, field, message) => {
    const { post } = await serve('sales');
    const { status, json } = await post('/v1/jobs/sales/predictions', { keys: [KEY], with: changed });
    expect(status).toBe(422);
    expect(json.error.field).toBe(field);
    expect(json.error.message).toMatch(message);
    expect(json.error.message).not.toContain(project.folder);
  });

  it('__proto__ among the changes is refused', async () => {
    const { post } = await serve('sales');
    const body = '{"keys":[{"store":1,"product":2,"date":"2026-11-21"}],"with":{"__proto__":{"price":1}}}';
    expect((await post('/v1/jobs/sales/predictions', body)).status).toBe(400);
  });

  it('of a grid: a feature changes where the grid has no such column, and a filter is kept', async () => {
    const { post, get } = await serve('grid');
    const body = {
      keys: [
        { store: 1, product: 1 },
        { store: 3, product: 1 },
      ],
    };
    const stored = (await get('/v1/jobs/grid/predictions?store=1&product=1')).json.value;
    const { json } = await post('/v1/jobs/grid/predictions', { ...body, with: { store: 2 } });
    expect(json.predictions).toEqual([{ found: true, value: stored, source: 'live' }, { found: false }]);
    const dearer = await post('/v1/jobs/grid/predictions', { ...body, with: { price: 5.5 } });
    expect(dearer.status).toBe(200);
    expect(dearer.json.predictions[0].found).toBe(true);
  });

  it('without serving.live a changed row is a 422 that says so', async () => {
    const { post } = await serve('sales', { live: null });
    const { status, json } = await post('/v1/jobs/sales/predictions', { keys: [KEY], with: { price: 1 } });
    expect(status).toBe(422);
    expect(json.error.message).toContain('serving.live: true');
  });

  it('texts are brought into one form', async () => {
    const { post } = await serve('sales', { normalise: { region: ['trim', 'lower', 'spaces'] } });
    const { status, json } = await post('/v1/jobs/sales/predictions', {
      keys: [KEY],
      with: { region: '  NORTH ' },
    });
    expect([status, json.predictions?.[0]?.found]).toEqual([200, true]);
  });

  it('a table that changed after the run ends live answers, and not the stored ones', async () => {
    await writeFile(project.path('prices.csv'), 'product,price\n1,2.5\n2,4.75\n');
    const { post, get } = await serve('grid');
    const keys = [{ store: 1, product: 1 }];
    const { status, headers, json } = await post('/v1/jobs/grid/predictions', { keys, with: { price: 1 } });
    expect([status, json.error.code]).toEqual([503, 'LIVE_UNAVAILABLE']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(json.error.message).not.toContain('prices');
    expect((await get('/v1/jobs/grid/predictions?store=1&product=1')).json.source).toBe('stored');
    const metrics = (await get('/metrics')).json;
    expect(metrics).toMatch(/serve_batch_live_breaker_open\{job="grid"\} 1/);
    expect(metrics).toMatch(/serve_batch_live_failures_total\{job="grid"\} [1-9]/);
  });
});
