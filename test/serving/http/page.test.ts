import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../../src/core/effects.ts';
import { openStore } from '../../../src/kv/open-store.ts';
import { runPaths } from '../../../src/runs/layout.ts';
import { acquireLock } from '../../../src/runs/lock/lock.ts';
import type { PageParts } from '../../../src/serving/http/routes/page-routes.ts';
import { localAddress } from '../../../src/serving/http/routes/sign-in-routes.ts';
import { Tokens } from '../../../src/serving/http/tokens.ts';
import { Sessions } from '../../../src/serving/page/sessions.ts';
import { samplePlan } from '../../runs/sample-run.ts';
import { temporaryFolder } from '../../support/project.ts';
import { writeRun } from '../page/sample-job.ts';
import { publish, sourceOf, startTestServer, type TestServer, weekOf } from '../served-store.ts';

const TOKEN = 'a-long-enough-token';
const HTML = { accept: 'text/html' };

const PAGE: PageParts = {
  clock: systemClock,
  makeReport: async ({ runId }) => `<!doctype html>report of ${runId} with a secret-password`,
  mask: (text) => text.replaceAll('secret-password', '***'),
  everyMs: 20,
};

describe('the page over HTTP', () => {
  let folderOfJob: string;
  let url: string;
  let server: TestServer;
  const runIds = Array.from(
    { length: 65 },
    (_, at) => `20261121T0000${String(at % 60).padStart(2, '0')}Z-a${100 + at}`,
  );

  beforeAll(async () => {
    folderOfJob = join(await temporaryFolder(), 'sales');
    for (const runId of runIds) await writeRun(folderOfJob, runId);
    url = `lmdb:${await temporaryFolder()}`;
    const store = openStore({ url, job: 'sales' });
    await publish(store, 'g1', weekOf('1.5'), { createdAt: '2026-11-14T00:00:00.000Z' });
    await publish(store, 'g2', weekOf('2.5'), { createdAt: '2026-11-21T00:00:00.000Z' });
    await store.close();
    server = await startTestServer([{ ...sourceOf(url), folderOfJob }], { page: PAGE });
  });

  it.each([
    ['/', 'Jobs'],
    ['/jobs/sales', 'Throughput'],
    ['/jobs/sales/lookup', 'Look up a prediction'],
    ['/jobs/sales/lookup?key.store=1&key.product=1', 'class="before dashed"'],
    ['/jobs/sales/lookup?key.store=1&key.product=1&key.date=2026-11-21', '+1'],
    ['/jobs/sales/lookup?key.store=9&key.product=1', 'it has no store=9'],
    ['/jobs/sales/lookup?key.shop=1', 'is not a part of the key'],
    [`/jobs/sales/runs/${runIds[0]}`, 'The full report'],
  ])('%s is a page that can do nothing but what it says', async (path, said) => {
    const { status, headers, json: page } = await server.get(path, HTML);
    expect(status).toBe(200);
    expect(page).toContain(said);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-\S+'; script-src 'sha256-\S+'; connect-src 'self'; form-action 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'$/,
    );
  });

  it('lists the runs in pages, each of them once', async () => {
    const seen: string[] = [];
    let path: string | undefined = '/jobs/sales';
    while (path !== undefined) {
      const { json: page } = await server.get(path, HTML);
      seen.push(...[...page.matchAll(/href="\/jobs\/sales\/runs\/([^"/]+)">\d/g)].map(([, runId]) => runId));
      path = /href="([^"]+)">Older runs/.exec(page)?.[1];
    }
    expect(seen.toSorted()).toEqual(runIds.toSorted());
  });

  it('serves the report of a run, without what must not be shown', async () => {
    const { json: page, headers } = await server.get(`/jobs/sales/runs/${runIds[1]}/report`, HTML);
    expect(page).toContain(`report of ${runIds[1]} with a ***`);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it.each([
    ['/jobs/nothing', 404],
    ['/jobs/sales/runs/20261121T000000Z-none', 404],
    ['/jobs/sales/runs/..%2f..%2fetc', 404],
    ['/jobs/sales/runs/20261121T000000Z-none/report', 404],
    ['/jobs/sales/runs/20261121T000000Z-none/progress', 404],
  ])('%s is told as a page: %i', async (path, expected) => {
    const { status, json: page } = await server.get(path, HTML);
    expect(status).toBe(expected);
    expect(JSON.stringify(page)).not.toContain(folderOfJob);
  });

  it('takes no method but GET and HEAD', async () => {
    for (const path of ['/', '/jobs/sales', '/jobs/sales/lookup'])
      expect((await server.post(path, {})).status).toBe(404);
    expect((await fetch(`${server.url}/`, { method: 'HEAD' })).status).toBe(200);
    const progress = `${server.url}/jobs/sales/runs/${runIds[0]}/progress`;
    expect((await fetch(progress, { method: 'HEAD' })).status).toBe(404);
  });

  it('is not there where it is not wanted', async () => {
    const { get } = await startTestServer([sourceOf(url)]);
    expect((await get('/', HTML)).status).toBe(404);
  });

  it('tells how a run goes on, and that it has ended', async () => {
    const folder = join(await temporaryFolder(), 'sales');
    const runId = '20261121T000000Z-k3x9';
    const paths = runPaths(folder, runId);
    await mkdir(join(paths.folder, 'shards'), { recursive: true });
    await writeFile(paths.plan, JSON.stringify(samplePlan({ runId })));
    const line = (msg: string) => `${JSON.stringify({ level: 30, time: '2026-11-21T00:00:01.000Z', msg })}\n`;
    await writeFile(paths.log, line('begins'));
    const lock = await acquireLock(folder, { clock: systemClock });
    await lock.setRun(runId);
    const { url: address } = await startTestServer([{ ...sourceOf(url), folderOfJob: folder }], {
      page: PAGE,
    });
    const { body } = await fetch(`${address}/jobs/sales/runs/${runId}/progress`);
    let text = '';
    for await (const part of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += part;
      if (text.includes('0 of 2 shards') && !text.includes('goes on')) {
        await writeFile(paths.shardRecord(0), '{}');
        await appendFile(paths.log, line('goes on'));
      }
      if (text.includes('1 of 2 shards, 6 of 10 rows (60%)') && text.includes('goes on'))
        await lock.release();
    }
    expect(text).toContain('begins');
    expect(text.match(/goes on/g)).toHaveLength(1);
    expect(text).toMatch(/event: end\ndata: \{\}\n\n$/);
  });
});

describe('a page of a server with tokens', () => {
  const signIn = (server: TestServer, token: string, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/sign-in`, {
      method: 'POST',
      redirect: 'manual',
      headers,
      body: new URLSearchParams({ token, next: '/jobs/sales?before=x' }),
    });
  let server: TestServer;
  beforeAll(async () => {
    const url = `lmdb:${await temporaryFolder()}`;
    server = await startTestServer([sourceOf(url)], { page: PAGE, tokens: [TOKEN, 'another-long-token'] });
  });

  it('asks a browser to sign in, and a program for the token', async () => {
    const page = await server.get('/jobs/sales?before=x', HTML);
    expect([page.status, page.json]).toEqual([401, expect.stringContaining('value="/jobs/sales?before=x"')]);
    const { status, json } = await server.get('/');
    expect([status, json.error.code]).toEqual([401, 'UNAUTHORIZED']);
    expect((await server.get('/', { authorization: `Bearer ${TOKEN}` })).status).toBe(200);
  });

  it('lets in whoever has shown a token, by a cookie that does not hold it', async () => {
    const answer = await signIn(server, TOKEN, { 'sec-fetch-site': 'same-origin' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/jobs/sales?before=x']);
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(
      /^serve_batch_session=[\w.-]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
    );
    expect(cookie).not.toContain(TOKEN);
    const headers = { cookie: cookie.split(';')[0] ?? '', ...HTML };
    expect((await server.get('/', headers)).json).toContain('Sign out');
    expect((await server.get('/docs', headers)).status).toBe(200);
    expect((await server.get('/v1/jobs', headers)).status, 'programs give tokens').toBe(401);
    const changed = {
      ...headers,
      cookie: headers.cookie.replace(/.$/, (last) => (last === 'A' ? 'E' : 'A')),
    };
    expect((await server.get('/', changed)).status).toBe(401);
    const out = await fetch(`${server.url}/sign-out`, { method: 'POST', redirect: 'manual', headers });
    expect(out.headers.get('set-cookie')).toContain('Max-Age=0');
  });

  it('lets nobody in with a wrong token, or through the page of somebody else', async () => {
    const wrong = await signIn(server, 'not-a-token-of-this');
    expect([wrong.status, wrong.headers.get('set-cookie')]).toEqual([401, null]);
    const foreign = await signIn(server, TOKEN, { 'sec-fetch-site': 'cross-site' });
    expect([foreign.status, foreign.headers.get('set-cookie')]).toEqual([401, null]);
    const large = await signIn(server, 'x'.repeat(10_000));
    expect(large.status).toBe(413);
  });

  it.each([
    ['/jobs/sales?a=b', '/jobs/sales?a=b'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['https://evil.example', '/'],
    ['/\t/evil.example', '/'],
    ['/a/..//evil.example', '/'],
    ['javascript:alert(1)', '/'],
    ['', '/'],
  ])('goes on to %s only here', (text, expected) => {
    expect(localAddress(text)).toBe(expected);
  });
});

describe('sessions', () => {
  const clockAt = (ms: number): Clock => ({ now: () => new Date(ms), monotonicMs: () => ms });
  const begin = (tokens: Tokens): string =>
    new Sessions(tokens, clockAt(0)).begin(TOKEN, { isSecure: true })?.split(';')[0] ?? '';

  it('end after twelve hours, and with their token', () => {
    const tokens = new Tokens([TOKEN]);
    const cookie = begin(tokens);
    expect(new Sessions(tokens, clockAt(11.9 * 3_600_000)).allows(`a=b; ${cookie}`)).toBe(true);
    expect(new Sessions(tokens, clockAt(12.1 * 3_600_000)).allows(cookie)).toBe(false);
    tokens.replace(['another-long-token']);
    expect(new Sessions(tokens, clockAt(0)).allows(cookie)).toBe(false);
  });

  it('cannot be prolonged, and are secure where the server is', () => {
    const tokens = new Tokens([TOKEN]);
    const later = begin(tokens).replace(/=\d+/, '=99999999');
    expect(new Sessions(tokens, clockAt(0)).allows(later)).toBe(false);
    expect(new Sessions(tokens, clockAt(0)).begin(TOKEN, { isSecure: true })).toMatch(/; Secure$/);
  });
});
