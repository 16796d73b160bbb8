import { request as httpRequest } from 'node:http';
import { beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../../src/kv/open-store.ts';
import { readAddress } from '../../../src/serving/http/quick-answers.ts';
import { ServedJob } from '../../../src/serving/served-job.ts';
import { temporaryFolder } from '../../support/project.ts';
import { publish, sourceOf, startTestServer, type TestServer, weekOf } from '../served-store.ts';

const ONE = '/v1/jobs/sales/predictions?store=1&product=2&date=2026-11-21';
/** The same question, spelt so that it has to be decoded. */
const DECODED = ONE.replace('2026-11-21', '2026%2D11%2D21');

let server: TestServer;
let storeUrl: string;
beforeAll(async () => {
  storeUrl = `lmdb:${await temporaryFolder()}`;
  const store = openStore({ url: storeUrl, job: 'sales' });
  await publish(store, 'g1', weekOf('1.5'));
  await store.close();
  server = await startTestServer([sourceOf(storeUrl, { maxAgeSeconds: 1 })], { refreshMs: 60_000 });
});

/** How many of the requests went through the routes. */
async function routedAmong(ask: () => Promise<unknown>): Promise<number> {
  let routed = 0;
  const { one } = ServedJob.prototype;
  ServedJob.prototype.one = function (...args) {
    routed++;
    return one.apply(this, args);
  };
  try {
    await ask();
  } finally {
    ServedJob.prototype.one = one;
  }
  return routed;
}

/** Status line, headers and body, without the time. */
function exchange(path: string, headers: Record<string, string> = {}): Promise<object> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(`${server.url}${path}`, { headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => {
        const { date: _, ...rest } = response.headers;
        resolve({
          status: response.statusCode,
          headers: rest,
          body: body.replace(/"ageSeconds":\d+/, '"ageSeconds":0'),
        });
      });
    });
    sent.on('error', reject).end();
  });
}

describe('answers without the routes', () => {
  it('are those of the routes, header by header', async () => {
    await server.get(ONE);
    const quick = await exchange(ONE);
    expect(await routedAmong(() => exchange(ONE))).toBe(0);
    expect(await routedAmong(() => exchange(DECODED))).toBe(1);
    expect(await exchange(DECODED)).toEqual(quick);
    expect(quick).toMatchObject({
      status: 200,
      headers: { etag: 'W/"g1-stale"', 'cache-control': 'no-cache' },
    });
  });

  it.each([
    ['the series', '/v1/jobs/sales/predictions?store=1&product=2', {}, 200],
    ['an unknown key', ONE.replace('product=2', 'product=9'), {}, 404],
    ['an unknown column', `${ONE}&shop=1`, {}, 422],
    ['a column given twice', `${ONE}&store=1`, {}, 422],
    ['a name of every object', `${ONE}&__proto__=1`, {}, 422],
    ['a column without a value', ONE.replace('store=1', 'store'), {}, 404],
    ['another job', ONE.replace('sales', 'sale'), {}, 404],
    ['a tag that fits', ONE, { 'if-none-match': 'W/"g1-stale"' }, 304],
    ['a foreign host', ONE, { host: 'evil.example.org' }, 403],
  ])('%s is left to the routes', async (_, path, headers, status) => {
    expect(await exchange(path, headers as Record<string, string>)).toMatchObject({ status });
  });

  it('are counted as those of the routes', async () => {
    await exchange(ONE);
    await exchange(DECODED);
    const { json } = await server.get('/metrics');
    const counted = [
      ...json.matchAll(/^serve_batch_http_requests_total\{(.*predictions.*)\} (\d+)$/gm),
    ].filter(
      ([, labels]) => labels.includes('GET') && labels.includes('code="200"') && labels.includes('stored'),
    );
    expect(counted).toHaveLength(1);
    expect(json).toMatch(/duration_seconds_count\{route="GET \/v1\/jobs\/:job\/predictions"\}/);
  });

  it('are for those with a token only', async () => {
    const closed = await startTestServer([sourceOf(storeUrl)], { tokens: ['a-token-of-enough-length'] });
    await closed.get(ONE, { authorization: 'Bearer a-token-of-enough-length' });
    expect((await closed.get(ONE)).status).toBe(401);
    expect((await closed.get(ONE, { authorization: 'Bearer a-token-of-enough-lengtH' })).status).toBe(401);
  });
});

describe('readAddress', () => {
  it.each([
    ['/v1/jobs/a/predictions?store=1', { job: 'a', columns: { store: '1' } }],
    ['/v1/jobs/a/predictions?store=&x=a=b', { job: 'a', columns: { store: '', x: 'a=b' } }],
    ['/v1/jobs/a/predictions?store=a+b', null],
    ['/v1/jobs/a/predictions?store=%31', null],
    ['/v1/jobs/a/predictions', null],
    ['/v1/jobs/a/predictions?', null],
    ['/v1/jobs/a/predictions/?store=1', null],
    ['/v1/jobs/a/b/predictions?store=1', null],
    ['/v1/jobs', null],
  ])('%s', (url, asked) => {
    expect(readAddress(url)).toEqual(asked);
  });
});
