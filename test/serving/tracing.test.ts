import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { beforeAll, expect, it } from 'vitest';
import { openStore } from '../../src/kv/open-store.ts';
import { temporaryFolder } from '../support/project.ts';
import { type Tracing, traceHere } from '../support/traced.ts';
import { startTestGrpc, type TestGrpc } from './grpc/grpc-client.ts';
import { publish, sourceOf, startTestServer, type TestServer, weekOf } from './served-store.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const HEADERS = { traceparent: `00-${TRACE}-${PARENT}-01` };
const FROM_OUTSIDE = { traceId: TRACE, spanId: PARENT };
const PREDICTIONS = '/v1/jobs/sales/predictions';

let tracing: Tracing;
let server: TestServer;
let grpc: TestGrpc;
beforeAll(async () => {
  const url = `lmdb:${await temporaryFolder()}`;
  const store = openStore({ url, job: 'sales' });
  await publish(store, 'g1', weekOf('1.5'));
  await store.close();
  tracing = traceHere();
  server = await startTestServer([sourceOf(url)]);
  grpc = await startTestGrpc([sourceOf(url), { ...sourceOf('redis://127.0.0.1:1'), name: 'away' }]);
});

it('a request is a part of what its headers say; the keys are not told', async () => {
  tracing.reset();
  await server.get(`${PREDICTIONS}?store=1&product=1`, HEADERS);
  await server.post(PREDICTIONS, { keys: [{ store: 1, product: 1 }] }, HEADERS);
  await server.get('/nothing', HEADERS);
  await expect.poll(() => tracing.spans().length).toBe(3);
  expect(tracing.span(`GET ${'/v1/jobs/:job/predictions'}`)).toMatchObject({
    kind: SpanKind.SERVER,
    parentSpanContext: FROM_OUTSIDE,
    status: { code: SpanStatusCode.UNSET },
    attributes: {
      'http.request.method': 'GET',
      'http.route': '/v1/jobs/:job/predictions',
      'url.path': PREDICTIONS,
      'http.response.status_code': 200,
      'serve_batch.job': 'sales',
      'serve_batch.source': 'stored',
    },
  });
  expect(tracing.span('POST /v1/jobs/:job/predictions').parentSpanContext).toMatchObject(FROM_OUTSIDE);
  expect(tracing.span('GET').attributes).toMatchObject({ 'http.response.status_code': 404 });
  const attributes = tracing.spans().map((span) => span.attributes);
  expect(JSON.stringify(attributes)).not.toContain('product');
});

it('so is a call of gRPC; a fault of the server is an error', async () => {
  tracing.reset();
  await grpc.call('ModelReady', { name: 'sales' }, { metadata: HEADERS });
  await grpc.call('ModelMetadata', { name: 'none' });
  await grpc.call('ModelMetadata', { name: 'away' });
  const [ready, ...failed] = tracing.spans();
  expect(ready).toMatchObject({
    name: 'inference.GRPCInferenceService/ModelReady',
    kind: SpanKind.SERVER,
    parentSpanContext: FROM_OUTSIDE,
    attributes: {
      'rpc.system': 'grpc',
      'rpc.service': 'inference.GRPCInferenceService',
      'rpc.method': 'ModelReady',
      'rpc.grpc.status_code': 0,
    },
  });
  expect(failed).toMatchObject([
    { attributes: { 'rpc.grpc.status_code': 5 }, status: { code: SpanStatusCode.UNSET } },
    {
      attributes: { 'rpc.grpc.status_code': 14, 'error.type': 'UNAVAILABLE' },
      status: { code: SpanStatusCode.ERROR },
    },
  ]);
});
