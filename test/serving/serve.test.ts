import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ServeBatchError } from '../../src/core/errors.ts';
import { parseTokens } from '../../src/serving/http/tokens.ts';
import { type Addresses, type ServeOptions, serve } from '../../src/serving/serve.ts';
import { cleanUpLater } from '../support/clean-ups.ts';
import { grpcClient } from './grpc/grpc-client.ts';
import { type TestServerOptions, testParts } from './served-store.ts';

const OLD = 'the-token-of-last-week';
const NEW = 'the-token-of-this-week';

interface Served {
  readonly addresses: Addresses;
  readonly warnings: readonly string[];
  /** Ends a pause of the server, and waits until it has looked at its files and pauses again. */
  look(): Promise<void>;
  /** Tells it to end, and waits for the end. */
  end(): Promise<void>;
}

/** A server whose pauses end when the test says so. */
async function startServing(
  options: Partial<ServeOptions>,
  partsOptions: TestServerOptions = {},
): Promise<Served> {
  const warnings: string[] = [];
  const log = { debug() {}, info() {}, warn: (text: string) => void warnings.push(text), error() {} };
  const parts = await testParts([], { log, ...partsOptions });
  const end = new AbortController();
  let wake = (): void => {};
  let paused = (): void => {};
  const sleep = (_: number, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      wake = resolve;
      signal.addEventListener('abort', () => resolve());
      paused();
    });
  let serving: Promise<void> = Promise.resolve();
  const firstPause = new Promise<void>((resolve) => {
    paused = resolve;
  });
  const addresses = new Promise<Addresses>((resolve, reject) => {
    serving = serve({
      ...{ parts, sleep, host: '127.0.0.1', port: 0, grpcPort: null, loadTokens: null, areNamed: false },
      load: async () => ({ sources: [], problems: [] }),
      drain: end.signal,
      signal: new AbortController().signal,
      onListening: resolve,
      ...options,
    });
    serving.catch(reject);
  });
  addresses.catch(() => {});
  const stop = (): Promise<void> => {
    end.abort();
    return serving;
  };
  cleanUpLater(() => stop().catch(() => {}));
  await Promise.race([firstPause, serving]);
  return {
    ...{ addresses: await addresses, warnings, end: stop },
    look: () =>
      new Promise((resolve) => {
        paused = resolve;
        wake();
      }),
  };
}

describe('tokens of a file', () => {
  const file = (text: { now: string }) => async () => parseTokens(text.now, 'tokens.txt');
  const ask = async ({ http }: Addresses, token: string) =>
    (await fetch(`${http}/v1/jobs`, { headers: { authorization: `Bearer ${token}` } })).status;

  it('are taken over when the file changes, over HTTP and gRPC', async () => {
    const text = { now: OLD };
    const served = await startServing({ loadTokens: file(text), grpcPort: 0 }, { tokens: [OLD] });
    const { addresses, look } = served;
    const { call } = await grpcClient(addresses.grpc ?? '');
    const askGrpc = async (token: string) =>
      (await call('ServerMetadata', {}, { metadata: { authorization: `Bearer ${token}` } })).code;
    expect([await ask(addresses, OLD), await ask(addresses, NEW)]).toEqual([200, 401]);
    text.now = `${OLD}\n${NEW}\n`;
    await look();
    expect([await ask(addresses, OLD), await ask(addresses, NEW)]).toEqual([200, 200]);
    text.now = NEW;
    await look();
    expect([await ask(addresses, OLD), await ask(addresses, NEW)]).toEqual([401, 200]);
    expect([await askGrpc(OLD), await askGrpc(NEW)]).toEqual(['UNAUTHENTICATED', 'OK']);
  });

  it('a file that is wrong or empty changes nothing, and is told once', async () => {
    const text = { now: OLD };
    const { addresses, look, warnings } = await startServing({ loadTokens: file(text) }, { tokens: [OLD] });
    for (const now of ['', '', 'short']) {
      text.now = now;
      await look();
      // An empty list would let everybody in.
      expect([await ask(addresses, OLD), await ask(addresses, NEW)]).toEqual([200, 401]);
    }
    expect(warnings).toEqual([
      expect.stringMatching(/^The tokens stay as they are: tokens.txt holds no token/),
      expect.stringMatching(/^The tokens stay as they are: Token 1 of tokens.txt/),
    ]);
  });

  it('a request that was let in is answered, though its token is gone', async () => {
    const text = { now: OLD };
    const { addresses, look } = await startServing({ loadTokens: file(text) }, { tokens: [OLD] });
    const socket = connect(Number(new URL(addresses.http).port), '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8').on('data', (data: string) => {
      answer += data;
    });
    const body = '{"keys":[{"store":1}]}';
    socket.write(
      `POST /v1/jobs/sales/predictions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer ${OLD}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    // The headers have arrived once a later request was answered.
    expect(await ask(addresses, OLD)).toBe(200);
    text.now = NEW;
    await look();
    socket.write(body);
    await once(socket, 'close');
    expect(answer).toMatch(/^HTTP\/1.1 404 /);
  });
});

describe('where it cannot listen', () => {
  it.each(['port', 'grpcPort'] as const)('says so of the %s', async (port) => {
    const { addresses, end } = await startServing({});
    const taken = Number(new URL(addresses.http).port);
    const failure = await startServing({ [port]: taken }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ServeBatchError);
    expect(String(failure)).toContain(
      `cannot listen on 127.0.0.1, port ${taken}${port === 'port' ? '' : ', for gRPC'}: another program listens`,
    );
    await end();
  });
});
