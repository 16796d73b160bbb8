import { readFileSync } from 'node:fs';
import { credentials } from '@grpc/grpc-js';
import { beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../../src/kv/open-store.ts';
import type { GenerationInfo } from '../../../src/kv/store.ts';
import { startGrpcServer } from '../../../src/serving/grpc/grpc-server.ts';
import { RequestMetrics } from '../../../src/serving/metrics/request-metrics.ts';
import { cleanUpLater } from '../../support/clean-ups.ts';
import type { KvRow } from '../../support/kv-batch.ts';
import { temporaryFolder } from '../../support/project.ts';
import { TLS_FILES } from '../../support/redis-server.ts';
import { startSilentServer } from '../../support/silent-server.ts';
import { publish, sourceOf, type TestServerOptions, testParts } from '../served-store.ts';
import { grpcClient, startTestGrpc, type TestGrpc } from './grpc-client.ts';

const TYPES = { store: 'INTEGER', product: 'BIGINT', date: 'DATE', prediction: 'FLOAT' };
const DAY = '2026-11-21';
const TOKEN = 'a-token-of-enough-length';

async function storeOf(rows: readonly KvRow[], info: Partial<GenerationInfo> = {}): Promise<string> {
  const url = `lmdb:${await temporaryFolder()}`;
  const store = openStore({ url, job: 'sales' });
  await publish(store, 'g1', rows, { columnTypes: TYPES, ...info });
  await store.close();
  return url;
}

async function serverOf(
  rows: readonly KvRow[],
  info: Partial<GenerationInfo> = {},
  options: TestServerOptions = {},
): Promise<TestGrpc> {
  return startTestGrpc([sourceOf(await storeOf(rows, info))], { limits: { keys: 3 }, ...options });
}

const bytes = (...texts: readonly string[]) => ({ bytes_contents: texts.map((text) => Buffer.from(text)) });
const tensor = (name: string, datatype: string, contents: object, rows: number) => ({
  ...{ name, datatype, contents },
  shape: [rows],
});

/** Keys of store 1 on one day. */
function keys(...products: readonly number[]) {
  const { length } = products;
  const days = products.map(() => DAY);
  return [
    tensor('store', 'INT32', { int_contents: products.map(() => 1) }, length),
    tensor('product', 'INT64', { int64_contents: products }, length),
    tensor('date', 'BYTES', bytes(...days), length),
  ];
}

const request = (...products: readonly number[]) => ({ model_name: 'sales', inputs: keys(...products) });

describe('gRPC', () => {
  let server: TestGrpc;
  beforeAll(async () => {
    server = await serverOf([
      ['1:1', DAY, '1.5'],
      ['1:2', DAY, '2.5'],
      ['1:3', DAY, '-Infinity'],
    ]);
  });

  it('tells of the server and the model', async () => {
    expect((await server.call('ServerLive')).response).toEqual({ live: true });
    expect((await server.call('ServerReady')).response).toEqual({ ready: true });
    expect((await server.call('ServerMetadata')).response).toMatchObject({ name: 'serve-batch' });
    for (const version of ['', 'g1']) {
      expect((await server.call('ModelReady', { name: 'sales', version })).response).toEqual({ ready: true });
      expect((await server.call('ModelMetadata', { name: 'sales', version })).response).toMatchObject({
        name: 'sales',
        versions: ['g1'],
        platform: 'serve-batch',
        inputs: [
          { name: 'store', datatype: 'INT32', shape: ['-1'] },
          { name: 'product', datatype: 'INT64', shape: ['-1'] },
          { name: 'date', datatype: 'BYTES', shape: ['-1'] },
        ],
        outputs: [{ name: 'prediction', datatype: 'FP32', shape: ['-1'] }],
      });
    }
  });

  it('answers in the order asked for, with infinities', async () => {
    const { response } = await server.call('ModelInfer', { ...request(2, 1, 3), id: '42' });
    expect(response).toMatchObject({
      model_name: 'sales',
      model_version: 'g1',
      id: '42',
      parameters: { run: { string_param: 'g1' }, stale: { bool_param: false } },
      outputs: [
        {
          name: 'prediction',
          datatype: 'FP32',
          shape: ['3'],
          contents: { fp32_contents: [2.5, 1.5, -Infinity] },
        },
      ],
    });
  });

  it('takes raw contents, and answers them with raw contents', async () => {
    const raw = [
      Buffer.from([1, 0, 0, 0, 1, 0, 0, 0]),
      Buffer.from(BigInt64Array.of(2n, 1n).buffer),
      Buffer.from(`\n\0\0\0${DAY}\n\0\0\0${DAY}`),
    ];
    const inputs = keys(2, 1).map(({ contents: _, ...head }) => head);
    const { response } = await server.call('ModelInfer', {
      ...{ model_name: 'sales', inputs },
      raw_input_contents: raw,
    });
    expect(response.raw_output_contents).toEqual([Buffer.from(Float32Array.of(2.5, 1.5).buffer)]);
    expect(response.outputs[0].shape).toEqual(['2']);
    expect(response.outputs[0].contents ?? null).toBeNull();
  });

  it('a key without a prediction is NOT_FOUND, or NaN where the request allows it', async () => {
    const { code, details } = await server.call('ModelInfer', request(1, 9));
    expect({ code, details }).toEqual({
      code: 'NOT_FOUND',
      details: expect.stringMatching(/^No prediction at index 1\. .*it has no product=9/),
    });
    const { response } = await server.call('ModelInfer', {
      ...request(1, 9),
      parameters: { missing: { string_param: 'null' } },
    });
    expect(response.outputs[0].contents.fp32_contents).toEqual([1.5, NaN]);
    expect(response.parameters.missing.string_param).toBe('1');
  });

  const [store, product, date] = keys(1) as [object, object, object];
  const raw = {
    model_name: 'sales',
    inputs: [store, product, date].map((each) => ({ ...each, contents: null })),
  };
  it.each([
    ['no inputs', { model_name: 'sales' }, 'inputs: '],
    ['a missing input', { model_name: 'sales', inputs: [store, product] }, 'The input "date" is missing'],
    ['too many rows', request(1, 1, 1, 1), 'expected 1 to 3'],
    [
      'contents of another type',
      { model_name: 'sales', inputs: [{ ...store, contents: { int64_contents: [1] } }, product, date] },
      'The input "store" has 0 values and the shape [1]',
    ],
    [
      'a negative shape',
      { model_name: 'sales', inputs: [{ ...store, shape: [-1] }, product, date] },
      'inputs[0].shape[0]',
    ],
    [
      'an unknown datatype',
      { model_name: 'sales', inputs: [{ ...store, datatype: 'FP16' }, product, date] },
      'inputs[0].datatype: expected one of BOOL',
    ],
    [
      'out of range',
      {
        model_name: 'sales',
        inputs: [{ ...store, datatype: 'INT8', contents: { int_contents: [128] } }, product, date],
      },
      'store[0] is not a whole number of INT8',
    ],
    [
      'no UTF-8',
      {
        model_name: 'sales',
        inputs: [store, product, { ...date, contents: { bytes_contents: [Buffer.from([0xff])] } }],
      },
      'date[0] is not a text in UTF-8',
    ],
    ['an unknown output', { ...request(1), outputs: [{ name: 'p' }] }, 'It has "prediction"'],
    ['too few raw contents', { ...raw, raw_input_contents: [Buffer.alloc(4)] }, '3 inputs and 1 raw_input'],
    [
      'both kinds of contents',
      { ...request(1), raw_input_contents: [Buffer.alloc(4), Buffer.alloc(8), Buffer.alloc(4)] },
      'Give one of them',
    ],
    [
      'raw contents of another size',
      { ...raw, raw_input_contents: [Buffer.alloc(3), Buffer.alloc(8), Buffer.alloc(4)] },
      'The raw content of the input "store" has 3 bytes',
    ],
    [
      'a text longer than its content',
      { ...raw, raw_input_contents: [Buffer.alloc(4), Buffer.alloc(8), Buffer.from([9, 0, 0, 0, 50])] },
      'The raw content of the input "date" has an element',
    ],
  ])('INVALID_ARGUMENT for %s', async (_, message, expected) => {
    const { code, details } = await server.call('ModelInfer', message);
    expect({ code, details }).toEqual({
      code: 'INVALID_ARGUMENT',
      details: expect.stringContaining(expected),
    });
  });

  it('NOT_FOUND for models and versions that are not there', async () => {
    const codes = await Promise.all([
      server.call('ModelInfer', { ...request(1), model_name: 'sale' }),
      server.call('ModelInfer', { ...request(1), model_version: 'g0' }),
      server.call('ModelMetadata', { name: '__proto__' }),
      server.call('ModelReady', { name: 'sales', version: 'g0' }),
    ]);
    expect(codes.map(({ code }) => code)).toEqual(new Array(4).fill('NOT_FOUND'));
  });

  it('whole numbers of 64 bits come in and go out whole', async () => {
    const long = '9007199254740993';
    const types = { ...TYPES, prediction: 'BIGINT' };
    const { call } = await serverOf([[`1:${long}`, DAY, long]], { columnTypes: types });
    const inputs = keys(1).map((each) =>
      each.name === 'product' ? { ...each, contents: { int64_contents: [long] } } : each,
    );
    const { response, details } = await call('ModelInfer', { model_name: 'sales', inputs });
    expect(details).toBe('');
    expect(response.outputs[0].contents.int64_contents).toEqual([long]);
    // A tensor of whole numbers cannot say that one is missing: it must not become 0.
    const missing = await call('ModelInfer', {
      ...request(1),
      parameters: { missing: { string_param: 'null' } },
    });
    expect(missing).toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: expect.stringContaining('has no value at index 0'),
    });
  });

  it('a float32 finds the key that the store holds as its shortest decimal', async () => {
    const { call } = await serverOf([['0.1:1', DAY, '7.5']], { columnTypes: { ...TYPES, store: 'FLOAT' } });
    const inputs = keys(1).map((each) =>
      each.name === 'store' ? { ...each, datatype: 'FP32', contents: { fp32_contents: [0.1] } } : each,
    );
    const { response } = await call('ModelInfer', { model_name: 'sales', inputs });
    expect(response.outputs[0].contents.fp32_contents).toEqual([7.5]);
  });

  it('counts calls', async () => {
    const metrics = new RequestMetrics();
    const { call } = await serverOf([['1:1', DAY, '1.5']], {}, { metrics });
    await call('ModelInfer', request(1));
    await call('ModelInfer', { ...request(1), model_name: 'other' });
    const text = await metrics.text();
    const count = (labels: string) => text.includes(`serve_batch_grpc_requests_total{${labels}} 1\n`);
    expect(count('method="ModelInfer",job="sales",source="stored",code="OK"')).toBe(true);
    expect(count('method="ModelInfer",job="",source="",code="NOT_FOUND"')).toBe(true);
  });
});

describe('limits of gRPC', () => {
  it('a message that is too large is RESOURCE_EXHAUSTED', async () => {
    const { call } = await serverOf([['1:1', DAY, '1.5']], {}, { limits: { bodyBytes: 1_000 } });
    const { code } = await call('ModelInfer', { ...request(1), id: 'x'.repeat(2_000) });
    expect(code).toBe('RESOURCE_EXHAUSTED');
    expect((await call('ModelInfer', request(1))).code).toBe('OK');
  });

  it('a store that is away is UNAVAILABLE, with a time to try again', async () => {
    const { call } = await startTestGrpc([sourceOf('redis://127.0.0.1:1')]);
    expect(await call('ModelInfer', request(1))).toMatchObject({
      code: 'UNAVAILABLE',
      details: 'The store of this job does not answer. Try again in a moment.',
      trailers: { 'grpc-retry-pushback-ms': '1000' },
    });
    expect((await call('ServerReady')).response).toEqual({ ready: false });
    expect((await call('ModelReady', { name: 'sales' })).response).toEqual({ ready: false });
  });

  it('the deadline of a client is kept, though the store hangs', async () => {
    const { port, close } = await startSilentServer();
    cleanUpLater(close);
    const { call } = await startTestGrpc([sourceOf(`redis://127.0.0.1:${port}`)], { deadlineMs: 600_000 });
    expect((await call('ModelInfer', request(1), { deadlineMs: 200 })).code).toBe('DEADLINE_EXCEEDED');
  });
});

describe('who is let in over gRPC', () => {
  it('those with a token; probes need none', async () => {
    const { call } = await serverOf([['1:1', DAY, '1.5']], {}, { tokens: [TOKEN] });
    for (const metadata of [{}, { authorization: 'Bearer another-token-entirely' }])
      for (const method of ['ServerMetadata', 'ModelMetadata', 'ModelReady', 'ModelInfer'])
        expect((await call(method, {}, { metadata })).code).toBe('UNAUTHENTICATED');
    const metadata = { authorization: `Bearer ${TOKEN}` };
    expect((await call('ModelInfer', request(1), { metadata })).code).toBe('OK');
    expect((await call('ServerLive')).code).toBe('OK');
    expect((await call('ServerReady')).response).toEqual({ ready: true });
  });

  it('those with a certificate of the authority, where one is wanted', async () => {
    const [ca, cert, key] = [TLS_FILES.ca, TLS_FILES.cert, TLS_FILES.key].map((file) =>
      readFileSync(file),
    ) as [Buffer, Buffer, Buffer];
    const tls = { ca, cert, key, requestCert: true, rejectUnauthorized: true };
    const { address } = await startTestGrpc([], { tls });
    const withCertificate = await grpcClient(address, credentials.createSsl(ca, key, cert));
    expect((await withCertificate.call('ServerLive')).code).toBe('OK');
    const without = await grpcClient(address, credentials.createSsl(ca));
    expect((await without.call('ServerLive')).code).toBe('UNAVAILABLE');
    const plain = await grpcClient(address);
    expect((await plain.call('ServerLive')).code).toBe('UNAVAILABLE');
  });
});

/** A promise, and what fulfils it. */
function aSignal() {
  let resolve = (): void => {};
  const promise = new Promise<void>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}

describe('the end of a gRPC server', () => {
  it('calls that have begun are answered, and no others', async () => {
    const begun = aSignal();
    const goOn = aSignal();
    const parts = await testParts([sourceOf(await storeOf([['1:1', DAY, '1.5']]))]);
    const use = parts.jobs.use.bind(parts.jobs);
    parts.jobs.use = async (name, action) => {
      begun.resolve();
      await goOn.promise;
      return use(name, action);
    };
    const server = await startGrpcServer(parts, { host: '127.0.0.1', port: 0 });
    cleanUpLater(() => server.destroy());
    const client = await grpcClient(`127.0.0.1:${server.port}`);
    const answer = client.call('ModelInfer', request(1));
    await begun.promise;
    const closed = server.close();
    const late = await grpcClient(`127.0.0.1:${server.port}`);
    expect((await late.call('ServerLive')).code).toBe('UNAVAILABLE');
    goOn.resolve();
    expect((await answer).code).toBe('OK');
    await closed;
  });
});
