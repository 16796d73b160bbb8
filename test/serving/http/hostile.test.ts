import { once } from 'node:events';
import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../../src/kv/open-store.ts';
import { temporaryFolder } from '../../support/project.ts';
import { publish, sourceOf, startTestServer, type TestServer, weekOf } from '../served-store.ts';

const TOKEN = 'a-token-of-enough-length';
const PREDICTIONS = '/v1/jobs/sales/predictions';

let folder: string;
let server: TestServer;
beforeAll(async () => {
  folder = await temporaryFolder();
  const store = openStore({ url: `lmdb:${folder}`, job: 'sales' });
  await publish(store, 'g1', weekOf('1.5'));
  await store.close();
  server = await startTestServer([sourceOf(`lmdb:${folder}`)], {
    limits: { bodyBytes: 4096, headerBytes: 4096, keys: 3 },
  });
});

/** Sends bytes as they are, and returns all that comes back until the server closes. */
async function raw(text: string, { url } = server): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (data: string) => {
    answer += data;
  });
  socket.on('error', () => {});
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

function leaks(text: string): string[] {
  return [folder, 'node_modules', '.ts:', '.js:', 'SELECT', 'lmdb', '    at '].filter((each) =>
    text.includes(each),
  );
}

describe('hostile requests', () => {
  const body = (keys: unknown): string => JSON.stringify({ keys });

  it.each([
    ['broken JSON', '{"keys":[', 400],
    ['no JSON', 'NaN', 400],
    ['NaN as a value', '{"keys":[{"store":NaN}]}', 400],
    ['a body that is empty', '', 400],
    ['null', 'null', 422],
    ['a list', '[]', 422],
    ['no keys', body([]), 422],
    ['too many keys', body([{}, {}, {}, {}]), 422],
    ['a key that is a text', body(['x']), 422],
    ['a key that is a list', body([[1]]), 422],
    ['a value that is a map', body([{ store: {} }]), 422],
    ['a value that is null', body([{ store: null }]), 422],
    ['infinity', '{"keys":[{"store":1e999,"product":1}]}', 422],
    ['a whole number that JSON rounds', '{"keys":[{"store":9007199254740993,"product":1}]}', 422],
    ['an unknown field', '{"keys":[{"store":1,"product":1}],"sql":"DROP"}', 422],
    ['__proto__ in a body', '{"keys":[{"__proto__":{"store":1}}]}', 400],
    ['constructor in a body', '{"constructor":{"prototype":{"a":1}},"keys":[{}]}', 400],
    ['a body that is too large', body([{ store: 'x'.repeat(5000) }]), 413],
  ])('%s', async (_, text, status) => {
    const answer = await server.post(PREDICTIONS, text);
    expect(answer.status).toBe(status);
    expect(answer.json.error.message).toMatch(/\w/);
    expect(leaks(JSON.stringify(answer.json))).toEqual([]);
    expect(({} as { a?: number }).a).toBeUndefined();
  });

  it.each([
    ['another type of content', { 'content-type': 'text/plain' }, 415],
    ['a type of content with junk', { 'content-type': 'application/json; charset=%%%' }, 422],
  ])('%s', async (_, headers, status) => {
    const answer = await server.post(PREDICTIONS, '{"keys":[{"store":1}]}', headers);
    expect(answer.status).toBe(status);
  });

  it.each([
    ['/v1/jobs/..%2f..%2fetc%2fpasswd/predictions?store=1', 404],
    ['/v1/jobs/../../../etc/passwd', 404],
    ['/v1/jobs/%00/predictions?store=1', 404],
    ['/v1/jobs/__proto__/predictions?store=1', 404],
    ['/v1/jobs/constructor', 404],
    [`/v1/jobs/${'x'.repeat(300)}`, 414],
    ['/v1/jobs/%zz', 400],
    ['/v1/jobs/sales/predictions?%zz=1', 422],
    ["/v1/jobs/sales/predictions?store=1'--&product=1", 404],
    ['/v1/jobs/sales/predictions?store=NaN&product=Infinity', 404],
    ['/v1/jobs/sales/predictions?store=%F0%9F%9B%92&product=%E2%80%AE', 404],
    ['/v1/jobs/sales/predictions?store=%00%01&product=1', 404],
    [`/v1/jobs/sales/predictions?store=${'1'.repeat(3000)}&product=1`, 404],
    ['/v1/jobs/sales/predictions?toString=1', 422],
    ['/v1/jobs/sales/predictions', 422],
    ['//evil.example/v1/jobs', 404],
    ['/.env', 404],
  ])('GET %s', async (path, status) => {
    const text = await raw(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(leaks(text)).toEqual([]);
  });

  it.each([
    ['headers that are too large', `x: ${'y'.repeat(8000)}\r\n\r\n`, 431],
    [
      'a flood of headers',
      `${Array.from({ length: 900 }, (_, index) => `h${index}: 1`).join('\r\n')}\r\n\r\n`,
      431,
    ],
    ['two lengths', 'content-length: 1\r\ncontent-length: 2\r\n\r\n', 400],
    ['a length and chunks', 'content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n', 400],
  ])('%s', async (_, headers, status) => {
    const text = await raw(`GET /healthz HTTP/1.1\r\nhost: localhost\r\n${headers}`);
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  it('headers and bodies that never end are cut off', async () => {
    const strict = await startTestServer([sourceOf(`lmdb:${folder}`)], {
      limits: { headersMs: 300, requestMs: 600 },
    });
    const [headers, slowBody] = await Promise.all([
      raw('GET /healthz HTTP/1.1\r\nhost: localhost\r\n', strict),
      raw(
        `POST ${PREDICTIONS} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{`,
        strict,
      ),
    ]);
    for (const text of [headers, slowBody]) expect(text).toMatch(/^HTTP\/1.1 408 /);
  });

  it('an unexpected error is told to the log, and to nobody else', async () => {
    const said: string[] = [];
    const failing = await startTestServer([sourceOf(`lmdb:${folder}`)], {
      runMetrics: async () => {
        throw new Error(`cannot open ${folder}/secret`);
      },
      log: { debug() {}, info() {}, warn() {}, error: (_, fields) => said.push(String(fields?.error)) },
    });
    const { status, json } = await failing.get('/metrics');
    expect({ status, code: json.error.code, leaks: leaks(JSON.stringify(json)) }).toEqual({
      status: 500,
      code: 'INTERNAL',
      leaks: [],
    });
    expect(said.join()).toContain('secret');
  });

  it('names that clients make up are not kept', async () => {
    for (let index = 0; index < 20; index++) await server.get(`/v1/jobs/made-up-${index}/predictions?a=1`);
    const { json } = await server.get('/metrics');
    expect(json).not.toContain('made-up');
  });

  it('goes on answering after all of that', async () => {
    const { json } = await server.get(`${PREDICTIONS}?store=1&product=1&date=2026-11-21`);
    expect(json.value).toBe(1.5);
  });
});

describe('tokens', () => {
  it('let in those who have one; probes need none, and are told little', async () => {
    const closed = await startTestServer([sourceOf(`lmdb:${folder}`)], {
      tokens: ['another-long-token', TOKEN],
    });
    const path = `${PREDICTIONS}?store=1&product=1`;
    for (const authorization of ['', 'Bearer', 'Bearer wrong', `Basic ${TOKEN}`, `Bearer ${TOKEN}x`, TOKEN]) {
      const { status, headers, json } = await closed.get(path, { authorization });
      expect({ status, code: json.error.code }).toEqual({ status: 401, code: 'UNAUTHORIZED' });
      expect(headers.get('www-authenticate')).toBe('Bearer');
    }
    const authorization = `Bearer ${TOKEN}`;
    expect((await closed.get(path, { authorization })).status).toBe(200);
    for (const each of ['/metrics', '/v1/jobs', '/docs', '/openapi.json', '/nothing'])
      expect((await closed.get(each)).status).toBe(401);
    expect((await closed.get('/healthz')).json).toEqual({ status: 'ok' });
    expect((await closed.get('/readyz')).json).toEqual({ status: 'ready' });
    expect((await closed.get('/readyz', { authorization })).json).toEqual({
      status: 'ready',
      jobs: [{ job: 'sales', ready: true }],
    });
  });
});
