import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../../src/kv/open-store.ts';
import type { KvStore } from '../../../src/kv/store.ts';
import {
  errorSchema,
  jobSchema,
  jobsSchema,
  manySchema,
  predictionSchema,
  seriesSchema,
} from '../../../src/serving/http/openapi/openapi.ts';
import { INFO } from '../../kv/store-contract.ts';
import { temporaryFolder } from '../../support/project.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { publish, sourceOf, startTestServer, type TestServer, weekOf } from '../served-store.ts';

const ONE = '/v1/jobs/sales/predictions?store=1&product=1&date=2026-11-21';

describe.each(['LMDB', 'Redis'])('predictions from %s over HTTP', (kind) => {
  let redis: RedisServer | undefined;
  let store: KvStore;
  let server: TestServer;

  beforeAll(async () => {
    if (kind === 'Redis') redis = await startRedis();
    const url = redis?.url ?? `lmdb:${await temporaryFolder()}`;
    store = openStore({ url, job: 'sales' });
    await publish(store, 'g1', weekOf('1.5'));
    server = await startTestServer([sourceOf(url, { maxAgeSeconds: 3600 })]);
  });
  afterAll(async () => {
    await store.close();
    await redis?.stop();
  });

  it('one prediction, with all that is known of it', async () => {
    const ageAt = (ms: number): number => Math.floor((ms - Date.parse(INFO.createdAt)) / 1000);
    const before = ageAt(Date.now());
    const { status, headers, json } = await server.get(ONE);
    expect(status).toBe(200);
    expect(predictionSchema.strict().parse(json)).toMatchObject({
      job: 'sales',
      value: 1.5,
      run: 'g1',
      generation: 'g1',
      model: 'sales.onnx',
      modelSha256: 'abc',
      generatedAt: INFO.createdAt,
      source: 'stored',
    });
    expect(json.ageSeconds).toBeGreaterThanOrEqual(before);
    expect(json.ageSeconds).toBeLessThanOrEqual(ageAt(Date.now()));
    expect(headers.get('etag')).toBe(json.stale ? 'W/"g1-stale"' : 'W/"g1"');
  });

  it('the series, where the field is left out', async () => {
    const { json } = await server.get('/v1/jobs/sales/predictions?product=1&store=1');
    expect(seriesSchema.strict().parse(json).values).toEqual({ '2026-11-21': 1.5, '2026-11-22': 1.5 });
  });

  it('many keys at once, in the order asked for', async () => {
    const date = '2026-11-21';
    const keys = [
      { store: 1, product: 2, date },
      { store: '1', product: 9, date },
      { store: 1, product: 1, date },
    ];
    const { status, json } = await server.post('/v1/jobs/sales/predictions', { keys });
    expect(status).toBe(200);
    expect(manySchema.strict().parse(json).predictions).toEqual([
      { found: true, value: 1.5 },
      { found: false },
      { found: true, value: 1.5 },
    ]);
    const series = await server.post('/v1/jobs/sales/predictions', {
      keys: [
        { store: 1, product: 2 },
        { store: 2, product: 2 },
      ],
    });
    expect(manySchema.parse(series.json).predictions).toEqual([
      { found: true, values: { '2026-11-21': 1.5 } },
      { found: false },
    ]);
  });

  it('304 where the client has the generation already', async () => {
    const etag = (await server.get(ONE)).headers.get('etag') ?? '';
    for (const header of [etag, `"other", ${etag}`, etag.replace('W/', ''), '*'])
      expect(await server.get(ONE, { 'if-none-match': header })).toMatchObject({ status: 304, json: '' });
    expect((await server.get(ONE, { 'if-none-match': 'W/"g0"' })).status).toBe(200);
    // A key that is not there stays a miss, whatever the client has.
    const miss = await server.get(ONE.replace('product=1', 'product=7'), { 'if-none-match': etag });
    expect(miss.status).toBe(404);
  });

  it.each([
    ['store=1&product=7&date=2026-11-21', ['product'], 'it has no product=7'],
    ['store=8&product=7&date=2026-11-21', ['store', 'product'], 'it has no store=8 and no product=7'],
    ['store=8&product=1', ['store'], 'it has no store=8'],
    ['store=1&product=2&date=2026-11-22', [], 'each of these values occurs in it, but not together'],
  ])('404 for %s says what is unknown', async (query, unknown, message) => {
    const { status, json } = await server.get(`/v1/jobs/sales/predictions?${query}`);
    expect(status).toBe(404);
    expect(errorSchema.strict().parse(json).error).toMatchObject({ code: 'NOT_FOUND', unknown });
    expect(json.error.message).toContain(message);
  });

  it.each([
    ['stor=1&product=1', 'stor', 'Did you mean "store"?'],
    ['store=1', 'product', 'is missing'],
    ['store=1&store=2&product=1', 'store', 'is given twice'],
    ['store=1&product=1&date=2026-11-21&__proto__=1', '__proto__', 'is not a part of the key'],
  ])('422 for %s names the field', async (query, field, message) => {
    const { status, json } = await server.get(`/v1/jobs/sales/predictions?${query}`);
    expect({ status, field: json.error.field }).toEqual({ status: 422, field });
    expect(json.error.message).toContain(message);
  });

  it('says what is served, and from which run', async () => {
    const { json } = await server.get('/v1/jobs');
    expect(jobsSchema.strict().parse(json).jobs).toMatchObject([
      {
        job: 'sales',
        published: true,
        run: 'g1',
        keyColumns: ['store', 'product'],
        fieldColumns: ['date'],
        values: ['prediction'],
      },
    ]);
    // A second may have passed.
    const one = { ...jobSchema.parse(json.jobs[0]), ageSeconds: expect.any(Number) };
    expect((await server.get('/v1/jobs/sales')).json).toEqual(one);
  });

  it('notices a newly published run, and the one after a rollback', async () => {
    const runs = async (): Promise<string> => (await server.get(ONE)).json.run;
    await publish(store, 'g2', weekOf('2.5'));
    await expect.poll(runs).toBe('g2');
    await publish(store, 'g1', weekOf('1.5'));
    await expect.poll(runs).toBe('g1');
  });
});

describe('values', () => {
  async function answeredValue(
    text: string,
    valueKind: 'number' | 'text' | 'json' = 'number',
  ): Promise<{ status: number; text: string }> {
    const url = `lmdb:${await temporaryFolder()}`;
    const store = openStore({ url, job: 'sales' });
    await publish(store, 'g1', [['1:1', '2026-11-21', text]], { valueKind });
    await store.close();
    const server = await startTestServer([sourceOf(url)]);
    const response = await fetch(`${server.url}${ONE}`);
    const body = await response.text();
    return { status: response.status, text: /"value":(.*),"run"/s.exec(body)?.[1] ?? body };
  }

  it.each([
    ['1.5', 'number', '1.5'],
    ['9007199254740993', 'number', '9007199254740993'],
    ['1e+30', 'number', '1e+30'],
    ['NaN', 'number', 'null'],
    ['-Infinity', 'number', 'null'],
    ['a "b"\u2028', 'text', '"a \\"b\\"\u2028"'],
    ['{"p10":1,"p90":null}', 'json', '{"p10":1,"p90":null}'],
  ] as const)('%s (%s) is answered as %s', async (stored, kind, answered) => {
    expect(await answeredValue(stored, kind)).toEqual({ status: 200, text: answered });
  });

  it('something else that wrote there is no answer, its text goes nowhere, and other keys are answered', async () => {
    const url = `lmdb:${await temporaryFolder()}`;
    const store = openStore({ url, job: 'sales' });
    await publish(store, 'g1', [...weekOf('1.5'), ['1:9', '2026-11-21', 'secret']]);
    await store.close();
    const server = await startTestServer([sourceOf(url)]);
    const { status, json } = await server.get(ONE.replace('product=1', 'product=9'));
    expect({ status, leaks: JSON.stringify(json).includes('secret') }).toEqual({ status: 503, leaks: false });
    expect((await server.get(ONE)).status).toBe(200);
  });
});

describe('a job without answers', () => {
  it('404 where nothing is published, without the address of the store', async () => {
    const folder = await temporaryFolder();
    const server = await startTestServer([sourceOf(`lmdb:${folder}`)]);
    const { status, json } = await server.get(ONE);
    expect({ status, code: json.error.code }).toEqual({ status: 404, code: 'NOT_PUBLISHED' });
    expect(JSON.stringify(json)).not.toContain(folder);
    expect((await server.get('/v1/jobs/sale/predictions?store=1')).json.error.message).toContain(
      'Did you mean "sales"?',
    );
  });

  it('a miss whose parts are not at hand is a 404 all the same', async () => {
    const url = `lmdb:${await temporaryFolder()}`;
    const store = openStore({ url, job: 'sales' });
    await publish(store, 'g1', weekOf('1'));
    await store.close();
    const server = await startTestServer([sourceOf(url)], { keyValues: null });
    const { status, json } = await server.get(ONE.replace('store=1', 'store=5'));
    expect({ status, unknown: json.error.unknown }).toEqual({ status: 404, unknown: [] });
    expect(json.error.message).toContain('not at hand');
  });
});
