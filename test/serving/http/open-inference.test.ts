import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../../src/kv/open-store.ts';
import type { GenerationInfo } from '../../../src/kv/store.ts';
import {
  inferResponseSchema,
  modelMetadataSchema,
  protocolErrorSchema,
  serverMetadataSchema,
} from '../../../src/serving/http/routes/open-inference-paths.ts';
import type { KvRow } from '../../support/kv-batch.ts';
import { temporaryFolder } from '../../support/project.ts';
import {
  publish,
  sourceOf,
  startTestServer,
  type TestServer,
  type TestServerOptions,
} from '../served-store.ts';

const TYPES = { store: 'INTEGER', product: 'BIGINT', date: 'DATE', prediction: 'FLOAT' };
const MODEL = '/v2/models/sales';
const INFER = `${MODEL}/infer`;
const DAY = '2026-11-21';

async function serverOf(
  rows: readonly KvRow[],
  info: Partial<GenerationInfo> = {},
  options: TestServerOptions = {},
): Promise<TestServer> {
  const url = `lmdb:${await temporaryFolder()}`;
  const store = openStore({ url, job: 'sales' });
  await publish(store, 'g1', rows, { columnTypes: TYPES, ...info });
  await store.close();
  return startTestServer([sourceOf(url)], { limits: { keys: 3 }, ...options });
}

const tensor = (name: string, datatype: string, data: readonly unknown[], shape = [data.length]) => ({
  name,
  datatype,
  shape,
  data,
});
const keys = (...products: readonly number[]) => [
  tensor(
    'store',
    'INT32',
    products.map(() => 1),
  ),
  tensor('product', 'INT64', products),
  tensor(
    'date',
    'BYTES',
    products.map(() => DAY),
  ),
];

describe('the Open Inference Protocol', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await serverOf([
      ['1:1', DAY, '1.5'],
      ['1:2', DAY, '2.5'],
      ['1:3', DAY, 'NaN'],
    ]);
  });

  it('tells of the server and the model', async () => {
    for (const path of ['/v2', '/v2/'])
      expect(serverMetadataSchema.strict().parse((await server.get(path)).json).name).toBe('serve-batch');
    const { json } = await server.get(MODEL);
    expect(modelMetadataSchema.strict().parse(json)).toEqual({
      name: 'sales',
      versions: ['g1'],
      platform: 'serve-batch',
      inputs: [
        { name: 'store', datatype: 'INT32', shape: [-1] },
        { name: 'product', datatype: 'INT64', shape: [-1] },
        { name: 'date', datatype: 'BYTES', shape: [-1] },
      ],
      outputs: [{ name: 'prediction', datatype: 'FP32', shape: [-1] }],
    });
    expect((await server.get(`${MODEL}/versions/g1`)).json).toEqual(json);
  });

  it('answers probes', async () => {
    expect(await server.get('/v2/health/live')).toMatchObject({ status: 200, json: { live: true } });
    expect(await server.get('/v2/health/ready')).toMatchObject({ status: 200, json: { ready: true } });
    for (const path of [MODEL, `${MODEL}/versions/g1`])
      expect(await server.get(`${path}/ready`)).toMatchObject({
        status: 200,
        json: { name: 'sales', ready: true },
      });
    expect((await server.get(`${MODEL}/versions/g0/ready`)).status).toBe(404);
    const empty = await startTestServer([sourceOf(`lmdb:${await temporaryFolder()}`)]);
    expect(await empty.get('/v2/health/ready')).toMatchObject({ status: 503, json: { ready: false } });
    expect(await empty.get(`${MODEL}/ready`)).toMatchObject({ status: 503, json: { ready: false } });
  });

  it.each([INFER, `${MODEL}/versions/g1/infer`])('POST %s answers in the order asked for', async (path) => {
    const { status, json } = await server.post(path, { id: '42', inputs: keys(2, 1, 3) });
    expect(status).toBe(200);
    expect(inferResponseSchema.strict().parse(json)).toMatchObject({
      model_name: 'sales',
      model_version: 'g1',
      id: '42',
      parameters: { run: 'g1', stale: false },
      outputs: [{ name: 'prediction', datatype: 'FP32', shape: [3], data: [2.5, 1.5, null] }],
    });
  });

  it('takes nested data, other whole numbers, texts, and inputs in any order', async () => {
    const { json } = await server.post(INFER, {
      inputs: [
        tensor('date', 'BYTES', [[DAY], [DAY]], [2, 1]),
        tensor('product', 'BYTES', ['2', '1']),
        tensor('store', 'UINT8', [1, 1], [2, 1]),
      ],
      outputs: [{ name: 'prediction', parameters: { binary_data: false } }],
    });
    expect(json.outputs[0].data).toEqual([2.5, 1.5]);
    expect(json).not.toHaveProperty('id');
  });

  it('a key without a prediction is a 404 that says where, or null where the request allows it', async () => {
    const inputs = keys(1, 9, 8);
    const { status, json } = await server.post(INFER, { inputs });
    expect({ status, ...protocolErrorSchema.strict().parse(json) }).toEqual({
      status: 404,
      error: expect.stringMatching(/^No prediction at index 1, 2\. .*it has no product=9/),
    });
    const allowed = await server.post(INFER, { inputs, parameters: { missing: 'null' } });
    expect(allowed.json.outputs[0].data).toEqual([1.5, null, null]);
    expect(allowed.json.parameters.missing).toBe('1,2');
  });

  it('takes the request of the specification byte for byte, but for the tensors that the model has', async () => {
    const body = `{
      "id" : "42",
      "inputs" : [
        {
          "name" : "store",
          "shape" : [ 2, 1 ],
          "datatype" : "UINT32",
          "data" : [ 1, 1 ]
        },
        {
          "name" : "product",
          "shape" : [ 2 ],
          "datatype" : "INT64",
          "data" : [ 2, 1 ]
        },
        {
          "name" : "date",
          "shape" : [ 2 ],
          "datatype" : "BYTES",
          "data" : [ "${DAY}", "${DAY}" ]
        }
      ],
      "outputs" : [
        {
          "name" : "prediction"
        }
      ]
    }`;
    const head = `POST ${INFER} HTTP/1.1\r\nHost: localhost:8000\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write(`${head}Connection: close\r\n\r\n${body}`);
    const [first = '', answer = ''] = Buffer.concat(await socket.toArray())
      .toString()
      .split('\r\n\r\n');
    expect(first).toMatch(/^HTTP\/1\.1 200 OK\r\n(.*\r\n)*content-type: application\/json/i);
    expect(JSON.parse(answer)).toMatchObject({
      id: '42',
      outputs: [{ name: 'prediction', shape: [2], datatype: 'FP32', data: [2.5, 1.5] }],
    });
  });

  const [store, product, date] = keys(1) as [object, object, object];
  it.each([
    ['no inputs', {}, 'inputs: expected a list of tensors'],
    ['a missing input', { inputs: [store, product] }, 'The input "date" is missing'],
    ['an unknown one', { inputs: [store, product, date, { ...date, name: 'x' }] }, 'Give "store", "product"'],
    ['one given twice', { inputs: [store, store, product, date] }, '"store" is given twice'],
    ['rows that differ', { inputs: [store, product, tensor('date', 'BYTES', [DAY, DAY])] }, 'has 2 rows'],
    ['too many rows', { inputs: keys(1, 1, 1, 1) }, 'expected 1 to 3'],
    ['no rows', { inputs: keys() }, 'expected 1 to 3'],
    [
      'another shape',
      { inputs: [{ ...store, shape: [1, 2] }, product, date] },
      'expected [rows] or [rows, 1]',
    ],
    ['data beside its shape', { inputs: [{ ...store, data: [1, 1] }, product, date] }, 'has 2 values'],
    [
      'another datatype',
      { inputs: [{ ...store, datatype: 'FP32' }, product, date] },
      'expected INT32 or BYTES',
    ],
    [
      'an unknown datatype',
      { inputs: [{ ...store, datatype: 'INT' }, product, date] },
      'expected one of BOOL',
    ],
    [
      'a text for a number',
      { inputs: [{ ...store, data: ['1'] }, product, date] },
      'store[0] is not a whole',
    ],
    ['out of range', { inputs: [{ ...store, datatype: 'INT8', data: [128] }, product, date] }, 'of INT8'],
    ['a fraction', { inputs: [{ ...store, data: [1.5] }, product, date] }, 'store[0] is not a whole'],
    ['null', { inputs: [store, product, { ...date, data: [null] }] }, 'date[0] is not a text'],
    ['an unknown output', { inputs: keys(1), outputs: [{ name: 'p' }] }, 'It has "prediction"'],
    [
      'binary input',
      { inputs: [{ ...store, data: undefined, parameters: { binary_data_size: 4 } }, product, date] },
      'binary tensors',
    ],
    ['binary output', { inputs: keys(1), parameters: { binary_data_output: true } }, 'binary tensors'],
  ])('400 for %s', async (_, body, message) => {
    const { status, json } = await server.post(INFER, body);
    expect({ status, ...protocolErrorSchema.strict().parse(json) }).toEqual({
      status: 400,
      error: expect.stringContaining(message),
    });
  });

  it('refuses whole numbers that JSON.parse would round', async () => {
    const body = JSON.stringify({ inputs: keys(7) }).replace('[7]', '[9007199254740993]');
    const { status, json } = await server.post(INFER, body);
    expect({ status, error: json.error }).toEqual({ status: 400, error: expect.stringContaining('2^53') });
  });

  it('every error has the body of the protocol', async () => {
    const closed = await serverOf([], {}, { tokens: ['a-token-of-enough-length'] });
    const binary = { 'inference-header-content-length': '10' };
    const answers = [
      [404, await server.get('/v2/models/sale')],
      [404, await server.get('/v2/nothing')],
      [404, await server.get(`${MODEL}/versions/g0`)],
      [404, await server.post(`${MODEL}/versions/g0/infer`, { inputs: keys(1) })],
      [400, await server.post(INFER, '{')],
      [400, await server.post(INFER, '{}', binary)],
      [415, await server.post(INFER, 'x', { 'content-type': 'application/octet-stream' })],
      [401, await closed.get('/v2')],
    ] as const;
    for (const [status, answer] of answers)
      expect({ status: answer.status, ...protocolErrorSchema.strict().parse(answer.json) }).toEqual({
        status,
        error: expect.any(String),
      });
    expect((await closed.get('/v2/health/live')).status).toBe(200);
  });
});

describe('stored types', () => {
  async function outputsOf(text: string, info: Partial<GenerationInfo>): Promise<string> {
    const server = await serverOf([['1:1', DAY, text]], info);
    const response = await fetch(`${server.url}${INFER}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        inputs: keys(1).map((each) => ({ ...each, datatype: 'BYTES', data: each.data.map(String) })),
      }),
    });
    return /"outputs":(.*)\}$/s.exec(await response.text())?.[1] ?? '';
  }
  const long = '9007199254740993';

  it.each([
    [
      long,
      { columnTypes: { prediction: 'BIGINT' } },
      `[{"name":"prediction","datatype":"INT64","shape":[1],"data":[${long}]}]`,
    ],
    [
      '1.10',
      { columnTypes: { prediction: 'DECIMAL(9,2)' } },
      '[{"name":"prediction","datatype":"BYTES","shape":[1],"data":["1.10"]}]',
    ],
    [
      'true',
      { valueKind: 'json', columnTypes: { prediction: 'BOOLEAN' } },
      '[{"name":"prediction","datatype":"BOOL","shape":[1],"data":[true]}]',
    ],
    [
      'a "b"',
      { valueKind: 'text', columnTypes: { prediction: 'VARCHAR' } },
      '[{"name":"prediction","datatype":"BYTES","shape":[1],"data":["a \\"b\\""]}]',
    ],
    [
      '[1.5,null]',
      { valueKind: 'json', columnTypes: { prediction: 'FLOAT[]' } },
      '[{"name":"prediction","datatype":"FP32","shape":[1,2],"data":[1.5,null]}]',
    ],
    [
      `{"n":${long},"t":"1 \\"2\\""}`,
      { valueKind: 'json', values: ['n', 't'], columnTypes: { n: 'UBIGINT', t: 'VARCHAR' } },
      `[{"name":"n","datatype":"UINT64","shape":[1],"data":[${long}]},{"name":"t","datatype":"BYTES","shape":[1],"data":["1 \\"2\\""]}]`,
    ],
  ] as const)('%s as %j', async (text, info, outputs) => {
    expect(await outputsOf(text, info)).toBe(outputs);
  });

  it('a generation that does not tell its types has texts', async () => {
    const server = await serverOf([['1:1', DAY, '1.5']], { columnTypes: {} });
    const { json } = await server.get(MODEL);
    expect(json.inputs.concat(json.outputs).map((each: { datatype: string }) => each.datatype)).toEqual(
      new Array(4).fill('BYTES'),
    );
  });
});
