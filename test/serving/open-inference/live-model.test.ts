import { beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_LIVE } from '../../../src/config/sections/live.ts';
import {
  inferResponseSchema,
  modelMetadataSchema,
  protocolErrorSchema,
} from '../../../src/serving/http/routes/open-inference-paths.ts';
import { openDatabase } from '../../support/database.ts';
import type { Project } from '../../support/project.ts';
import { startTestGrpc, type TestGrpc } from '../grpc/grpc-client.ts';
import { liveWorkers } from '../live/live-workers.ts';
import { startTestServer, type TestServer } from '../served-store.ts';
import { liveProject, liveSource } from './live-project.ts';

const DAY = '2026-11-21';
const LIVE = '/v2/models/sales.live';
const INFER = `${LIVE}/infer`;

let project: Project;
let server: TestServer;
let grpc: TestGrpc;

beforeAll(async () => {
  project = await liveProject('sales', 'iris');
  const sources = ['sales', 'iris'].map((job) => liveSource(project, job));
  server = await startTestServer(sources, { startWorkers: liveWorkers });
  grpc = await startTestGrpc(sources, { startWorkers: liveWorkers });
});

const tensor = (name: string, datatype: string, data: readonly unknown[], shape = [data.length]) => ({
  ...{ name, datatype, shape, data },
});
const keys = (...products: readonly number[]) => [
  tensor('store', 'INT64', new Array(products.length).fill(1)),
  tensor('product', 'INT64', products),
  tensor('date', 'BYTES', new Array(products.length).fill(DAY)),
];
const REGIONS = ['centre', 'east', 'north', 'south', 'west'];
const CATEGORIES = 'bakery beauty dairy drinks frozen household meat pet produce snacks'.split(' ');

/** The input of two predictions, of which the first is 14.964146. */
async function inputRows(): Promise<Record<string, string | number>[]> {
  const database = await openDatabase();
  const input = project.path('fixtures/sales.parquet');
  const where = `store = 1 AND product IN (2, 3) AND date = DATE '${DAY}'`;
  const rows = await database.rows(`SELECT * FROM read_parquet('${input}') WHERE ${where} ORDER BY product`);
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => {
        const isText = ['region', 'category', 'date'].includes(name);
        return [name, isText ? String(value) : Number(value)];
      }),
    ),
  );
}

describe('the live model over REST', () => {
  it('tells of the features that it takes, and is ready once its process has started', async () => {
    const { json } = await server.get(LIVE);
    const metadata = modelMetadataSchema.strict().parse(json);
    expect(metadata).toMatchObject({ name: 'sales.live', platform: 'serve-batch' });
    expect(metadata.inputs.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['price', 'discount', 'lag_7', 'region', 'category']),
    );
    expect(metadata.inputs.map(({ name }) => name)).not.toContain('store');
    expect(metadata.outputs).toEqual([{ name: 'sales', datatype: 'FP32', shape: [-1] }]);
    await expect
      .poll(async () => (await server.get(`${LIVE}/ready`)).json, { timeout: 30_000 })
      .toEqual({
        name: 'sales.live',
        ready: true,
      });
    const [version = ''] = metadata.versions;
    expect((await server.get(`${LIVE}/versions/${version}`)).json).toEqual(json);
    expect((await server.get(`${LIVE}/versions/g0`)).status).toBe(404);
  });

  it('takes keys, and answers what the store has', async () => {
    const { status, json } = await server.post(INFER, { id: '7', inputs: keys(2, 3, 1) });
    expect(status).toBe(200);
    const { outputs, ...head } = inferResponseSchema.strict().parse(json);
    const stored = await server.post('/v2/models/sales/infer', { inputs: keys(2, 3, 1) });
    expect(outputs).toEqual(stored.json.outputs);
    expect(outputs[0]?.data[0]).toBe(14.964146);
    expect(head).toMatchObject({ model_name: 'sales.live', id: '7', parameters: { stale: false } });
    expect(await server.get('/metrics')).toMatchObject({
      json: expect.stringMatching(/job="sales",source="live",code="200"|source="live".*job="sales"/),
    });
  });

  it('takes keys with other values, each row its own', async () => {
    const prices = (data: readonly unknown[]) => [...keys(2, 2), tensor('price', 'FP64', data)];
    const { json } = await server.post(INFER, { inputs: prices([2.5, 99.5]) });
    const single = await server.post('/v1/jobs/sales/predictions', {
      keys: [{ store: 1, product: 2, date: DAY }],
      with: { price: 99.5 },
    });
    expect(json.outputs[0].data[1]).toBe(single.json.predictions[0].value);
    expect(json.outputs[0].data[0]).not.toBe(json.outputs[0].data[1]);
  });

  it('takes features, and columns of the input', async () => {
    const { json } = await server.get(LIVE);
    const rows = await inputRows();
    const columns = Object.keys(rows[0] ?? {});
    const typeOf = (value: unknown): string =>
      typeof value === 'string' ? 'BYTES' : Number.isInteger(value) ? 'INT64' : 'FP64';
    const inputs = columns.map((name) => {
      const data = rows.map((row) => row[name]);
      return tensor(name, data.some((value) => typeOf(value) === 'FP64') ? 'FP64' : typeOf(data[0]), data);
    });
    const whole = await server.post(INFER, { inputs });
    expect([whole.status, whole.json.outputs?.[0].data[0]]).toEqual([200, 14.964146]);

    const names = json.inputs.map(({ name }: { name: string }) => name);
    const features = names.map((name: string) => {
      const index = { region: REGIONS, category: CATEGORIES }[name];
      const data = rows.map((row) => (index === undefined ? row[name] : index.indexOf(String(row[name]))));
      return tensor(name, data.some((value) => !Number.isInteger(value)) ? 'FP64' : 'INT64', data);
    });
    const made = await server.post(INFER, { inputs: features });
    expect([made.status, made.json.outputs?.[0].data]).toEqual([200, whole.json.outputs[0].data]);
  });

  it('a key that the run does not have is a 404, or null where the request allows it, and so is a bad row', async () => {
    const unknown = await server.post(INFER, { inputs: keys(2, 99_999) });
    expect(unknown.status).toBe(404);
    expect(protocolErrorSchema.strict().parse(unknown.json).error).toMatch(/^No prediction at index 1\. /);
    const bad = [...keys(2, 99_999, 2), tensor('region', 'BYTES', ['north', 'north', 'nowhere'])];
    const rejected = await server.post(INFER, { inputs: bad });
    expect([rejected.status, rejected.json.error]).toEqual([
      400,
      expect.stringMatching(/^Index 2: .*region/),
    ]);
    const { json } = await server.post(INFER, { inputs: bad, parameters: { missing: 'null' } });
    expect(json.outputs[0].data).toEqual([expect.any(Number), null, null]);
    expect(json.parameters).toMatchObject({ missing: '1', rejected: '2' });
  });

  it.each([
    ['a column that is not there', [...keys(2), tensor('prize', 'FP64', [1])], 'Did you mean "price"'],
    ['a text for a number', [...keys(2), tensor('price', 'BYTES', ['3'])], 'Index 0: The column "price"'],
    ['another datatype', [...keys(2), tensor('price', 'BOOL', [true])], 'expected'],
    ['too few columns', [tensor('price', 'FP64', [1])], 'all features of the model'],
    ['one given twice', [...keys(2), tensor('Store', 'INT64', [1])], '"store" is given twice'],
    ['a matrix of another width', [tensor('x', 'FP32', [1, 2, 3], [1, 3])], 'The input "x" has the shape'],
  ])('%s is a 400 that says so', async (_, inputs, message) => {
    const { status, json } = await server.post(INFER, { inputs });
    expect({ status, error: json.error }).toEqual({ status: 400, error: expect.stringContaining(message) });
    expect(json.error).not.toContain(project.folder);
  });

  it("takes the request of KServe's documentation byte for byte", async () => {
    const body = `{
  "inputs": [
    {
      "name": "input-0",
      "shape": [2, 4],
      "datatype": "FP32",
      "data": [
        [6.8, 2.8, 4.8, 1.4],
        [6.0, 3.4, 4.5, 1.6]
      ]
    }
  ]
}
`;
    const { status, json } = await server.post('/v2/models/iris.live/infer', body);
    const stored = await server.post('/v2/models/iris/infer', {
      inputs: [tensor('flower', 'INT64', [1, 2])],
    });
    expect([status, json.outputs]).toEqual([200, stored.json.outputs]);
    expect(json.outputs[0]).toMatchObject({ shape: [2], datatype: 'FP32' });
  });

  it('there is none of a job that is not answered live', async () => {
    const without = await startTestServer([liveSource(project, 'sales', { live: null })]);
    const { status, json } = await without.get(LIVE);
    expect([status, json.error]).toEqual([404, expect.stringContaining('serving.live: true')]);
    expect((await without.get('/v2/models/nothing.live')).status).toBe(404);
  });

  it('takes more rows at once than may wait', async () => {
    const small = await startTestServer(
      [liveSource(project, 'sales', { live: { ...DEFAULT_LIVE, queue: 2, cache: 0 } })],
      { startWorkers: liveWorkers },
    );
    const products = [1, 2, 3, 4, 5, 6, 7];
    const { status, json } = await small.post(INFER, { inputs: keys(...products) });
    expect([status, json.outputs?.[0].shape]).toEqual([200, [7]]);
    const list = products.map((product) => ({ store: 1, product, date: DAY }));
    const changed = await small.post('/v1/jobs/sales/predictions', { keys: list, with: { price: 2 } });
    expect(changed.status).toBe(200);
    const rows = await inputRows();
    const posted = await small.post('/invocations', { instances: products.flatMap(() => rows.slice(0, 1)) });
    expect([posted.status, posted.json.predictions?.length]).toEqual([200, 7]);
  });
});

describe('the live model over gRPC', () => {
  it('tells of itself', async () => {
    expect((await grpc.call('ModelMetadata', { name: 'iris.live' })).response).toMatchObject({
      name: 'iris.live',
      inputs: [
        { name: 'sepal_length', datatype: 'FP64', shape: ['-1'] },
        { name: 'sepal_width' },
        { name: 'petal_length' },
        { name: 'petal_width' },
      ],
    });
    await expect
      .poll(async () => (await grpc.call('ModelReady', { name: 'iris.live' })).response, { timeout: 30_000 })
      .toEqual({ ready: true });
    expect((await grpc.call('ModelReady', { name: 'nothing.live' })).code).toBe('NOT_FOUND');
  });

  it("takes the request of KServe's documentation, typed and raw", async () => {
    const numbers = [6.8, 2.8, 4.8, 1.4, 6.0, 3.4, 4.5, 1.6];
    const head = { name: 'input-0', shape: [2, 4], datatype: 'FP32' };
    const typed = await grpc.call('ModelInfer', {
      model_name: 'iris.live',
      inputs: [{ ...head, contents: { fp32_contents: numbers } }],
    });
    const stored = await grpc.call('ModelInfer', {
      model_name: 'iris',
      inputs: [{ name: 'flower', shape: [2], datatype: 'INT64', contents: { int64_contents: [1, 2] } }],
    });
    expect(typed.code).toBe('OK');
    expect(typed.response.outputs).toEqual(stored.response.outputs);
    const raw = await grpc.call('ModelInfer', {
      ...{ model_name: 'iris.live', inputs: [head] },
      raw_input_contents: [Buffer.from(Float32Array.from(numbers).buffer)],
    });
    const values = stored.response.outputs[0].contents.fp32_contents as number[];
    expect(raw.response.raw_output_contents).toEqual([Buffer.from(Float32Array.from(values).buffer)]);
  });

  it('a number that is none is INVALID_ARGUMENT', async () => {
    const numbers = [6.8, Number.NaN, 4.8, 1.4];
    const input = { name: 'input-0', shape: [1, 4], datatype: 'FP32', contents: { fp32_contents: numbers } };
    const { code, details } = await grpc.call('ModelInfer', { model_name: 'iris.live', inputs: [input] });
    expect({ code, details }).toEqual({
      code: 'INVALID_ARGUMENT',
      details: expect.stringContaining('input-0[1] is not a number'),
    });
  });
});
