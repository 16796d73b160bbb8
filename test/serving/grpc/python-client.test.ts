import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { openStore } from '../../../src/kv/open-store.ts';
import { PROTO_FILE } from '../../../src/serving/grpc/grpc-server.ts';
import { REPOSITORY } from '../../support/cli.ts';
import { temporaryFolder } from '../../support/project.ts';
import { ensurePythonGrpc, python } from '../../support/python-grpc.ts';
import { TLS_FILES } from '../../support/redis-server.ts';
import { liveWorkers } from '../live/live-workers.ts';
import { liveProject, liveSource } from '../open-inference/live-project.ts';
import { publish, sourceOf, weekOf } from '../served-store.ts';
import { startTestGrpc } from './grpc-client.ts';

const CLIENT = join(REPOSITORY, 'test/serving/grpc/client.py');
const LIVE_CLIENT = join(REPOSITORY, 'test/serving/grpc/live-client.py');
const TOKEN = 'a-token-of-enough-length';

let storeUrl: string;
let stubs: string;
beforeAll(async () => {
  await ensurePythonGrpc();
  storeUrl = `lmdb:${await temporaryFolder()}`;
  const store = openStore({ url: storeUrl, job: 'sales' });
  await publish(store, 'g1', [...weekOf('1.5'), ['1:2', '2026-11-21', '2.5']], {
    columnTypes: { store: 'INTEGER', product: 'BIGINT', date: 'DATE', prediction: 'FLOAT' },
  });
  await store.close();
  stubs = await temporaryFolder();
  const out = [`--python_out=${stubs}`, `--grpc_python_out=${stubs}`];
  await python(['-m', 'grpc_tools.protoc', `-I${dirname(PROTO_FILE)}`, ...out, PROTO_FILE]);
});

const EXPECTED = {
  live: true,
  ready: true,
  modelReady: true,
  server: 'serve-batch',
  inputs: [
    ['store', 'INT32', [-1]],
    ['product', 'INT64', [-1]],
    ['date', 'BYTES', [-1]],
  ],
  outputs: [['prediction', 'FP32', [-1]]],
  typed: { id: 'typed', version: 'g1', run: 'g1', stale: false, values: [2.5, 1.5] },
  raw: [1.5, 2.5],
  errors: {
    missing: 'NOT_FOUND',
    model: 'NOT_FOUND',
    input: 'INVALID_ARGUMENT',
    token: 'UNAUTHENTICATED',
    size: 'RESOURCE_EXHAUSTED',
  },
};

it('a client in Python, made from the proto file, is answered', async () => {
  const { address } = await startTestGrpc([sourceOf(storeUrl)], { tokens: [TOKEN] });
  expect(JSON.parse(await python([CLIENT, stubs, address, TOKEN]))).toEqual(EXPECTED);
});

it('so it is over TLS', async () => {
  const [cert, key] = [TLS_FILES.cert, TLS_FILES.key].map((file) => readFileSync(file, 'utf8'));
  const { address } = await startTestGrpc([sourceOf(storeUrl)], { tokens: [TOKEN], tls: { cert, key } });
  expect(JSON.parse(await python([CLIENT, stubs, address, TOKEN, TLS_FILES.ca]))).toEqual(EXPECTED);
});

it("asks the live model by the request of KServe's documentation, by features and by keys", async () => {
  const source = liveSource(await liveProject('iris'), 'iris');
  const { address } = await startTestGrpc([source], { startWorkers: liveWorkers });
  const answer = JSON.parse(await python([LIVE_CLIENT, stubs, address]));
  expect(answer).toEqual({
    inputs: ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'].map((name) => [name, 'FP64']),
    model: 'iris.live',
    isOneGeneration: true,
    matrix: answer.stored,
    columns: answer.stored,
    keys: answer.stored,
    stored: [expect.any(Number), expect.any(Number)],
    changed: [true, false],
  });
});
