import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keySide } from '../../../src/kv/canary.ts';
import { openStore } from '../../../src/kv/open-store.ts';
import type { KvStore } from '../../../src/kv/store.ts';
import {
  jobSchema,
  manySchema,
  predictionSchema,
  seriesSchema,
} from '../../../src/serving/http/openapi/openapi.ts';
import { inferResponseSchema } from '../../../src/serving/http/routes/open-inference-paths.ts';
import { FENCE } from '../../kv/store-contract.ts';
import { temporaryFolder } from '../../support/project.ts';
import { publish, sourceOf, startTestServer, type TestServer, weekOf } from '../served-store.ts';

/** Of the two products, one is on either side of it. */
const SHARE = 0.41;
const CANARY = { published: 'g1', canary: 'g2', share: SHARE };
const urlOf = (product: number, date = '&date=2026-11-21'): string =>
  `/v1/jobs/sales/predictions?store=1&product=${product}${date}`;

describe('a canary over HTTP', () => {
  let store: KvStore;
  let server: TestServer;

  beforeAll(async () => {
    const url = `lmdb:${await temporaryFolder()}`;
    store = openStore({ url, job: 'sales' });
    await publish(store, 'g2', weekOf('2'));
    await publish(store, 'g1', weekOf('1'));
    server = await startTestServer([sourceOf(url)], { refreshMs: 0 });
    expect([1, 2].map((product) => keySide(`1:${product}`, SHARE))).toEqual(['published', 'canary']);
    await store.publish('g1', FENCE, { generation: 'g2', share: SHARE });
  });
  afterAll(() => store.close());

  it('a key is answered from its side, with the names and the tag of it', async () => {
    const [published, canary] = [await server.get(urlOf(1)), await server.get(urlOf(2))];
    expect(predictionSchema.strict().parse(published.json)).toMatchObject({
      ...{ value: 1, run: 'g1', generation: 'g1', canary: CANARY },
    });
    expect(canary.json).toMatchObject({ value: 2, run: 'g2', generation: 'g2', canary: CANARY });
    expect(published.headers.get('etag')).toMatch(/^W\/"g1/);
    const tag = canary.headers.get('etag') ?? '';
    expect(tag).toMatch(/^W\/"g2/);
    expect((await server.get(urlOf(2), { 'if-none-match': tag })).status).toBe(304);
    const series = await server.get(urlOf(2, ''));
    expect(seriesSchema.strict().parse(series.json)).toMatchObject({
      values: { '2026-11-21': 2 },
      run: 'g2',
    });
  });

  it('of many keys, each says which generation it comes from', async () => {
    const keys = [2, 1, 9].map((product) => ({ store: 1, product, date: '2026-11-21' }));
    const { json, headers } = await server.post('/v1/jobs/sales/predictions', { keys });
    expect(manySchema.strict().parse(json)).toMatchObject({
      ...{ generation: 'g1', canary: CANARY },
      predictions: [
        { found: true, value: 2, generation: 'g2' },
        { found: true, value: 1, generation: 'g1' },
        { found: false },
      ],
    });
    expect(headers.get('etag')).toMatch(/^W\/"g1\+g2@0\.41/);
  });

  it('the job, and an answer of the Open Inference Protocol, name both', async () => {
    const { json } = await server.get('/v1/jobs/sales');
    expect(jobSchema.strict().parse(json)).toMatchObject({ generation: 'g1', canary: CANARY });
    const metadata = await server.get('/v2/models/sales');
    const inputs = metadata.json.inputs.map(({ name, datatype }: { name: string; datatype: string }) => ({
      ...{ name, datatype, shape: [2] },
      data: { store: [1, 1], product: [1, 2] }[name] ?? ['2026-11-21', '2026-11-21'],
    }));
    const answer = await server.post('/v2/models/sales/infer', {
      inputs: inputs.map((input: { name: string; datatype: string; data: readonly unknown[] }) => ({
        ...input,
        data: input.datatype === 'BYTES' ? input.data.map(String) : input.data,
      })),
    });
    expect(inferResponseSchema.strict().parse(answer.json)).toMatchObject({
      model_version: 'g1',
      parameters: { run: 'g1', canary: 'g2', canary_share: SHARE, canary_rows: '1' },
      outputs: [{ data: ['1', '2'] }],
    });
  });
});
