import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIVE, type LiveSpec } from '../../../src/config/sections/live.ts';
import { systemClock } from '../../../src/core/effects.ts';
import { openStore } from '../../../src/kv/open-store.ts';
import { temporaryFolder } from '../../support/project.ts';
import { publish, sourceOf, startTestServer, weekOf } from '../served-store.ts';
import { type HeldCall, type HeldModel, heldModel } from './held-model.ts';

const PREDICTIONS = '/v1/jobs/sales/predictions';
const STORED = `${PREDICTIONS}?store=1&product=1&date=2026-11-21`;
/** The run has this key, and the store has lost it. */
const LOST = `${PREDICTIONS}?store=1&product=2&date=2026-11-22`;

/** A server whose stored values are 0.5, and whose live model waits for the test. */
async function serve(live: Partial<LiveSpec> = {}) {
  const url = `lmdb:${await temporaryFolder()}`;
  const store = openStore({ url, job: 'sales' });
  await publish(store, 'g1', weekOf('0.5'));
  const model = heldModel();
  let aheadMs = 0;
  const clock = { now: systemClock.now, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
  const server = await startTestServer(
    [sourceOf(url, { live: { ...DEFAULT_LIVE, deadlineSeconds: 600, ...live } })],
    {
      ...{ startWorkers: model.startWorkers, clock },
    },
  );
  const liveJob = server.jobs.peek('sales')?.liveJob;
  if (liveJob == null) throw new Error('no live model');
  return {
    ...{ server, store, model, liveJob },
    /** What if the price were another one: each a question of its own. */
    ask: (price: number) =>
      server.post(PREDICTIONS, {
        keys: [{ store: 1, product: 1, date: '2026-11-21' }],
        with: { price },
      }),
    passMs: (ms: number) => {
      aheadMs += ms;
    },
  };
}

/** What is answered to many requests that are sent over one connection at once. */
async function pipelined(url: string, path: string, count: number): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const request = (connection: string) =>
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: ${connection}\r\n\r\n`;
  socket.write(request('keep-alive').repeat(count - 1) + request('close'));
  return Buffer.concat(await socket.toArray()).toString();
}

/** Other tests use the machine, too. */
function until<T>(look: () => T) {
  return expect.poll(look, { timeout: 60_000 });
}

async function callOf(model: HeldModel, index: number): Promise<HeldCall> {
  await until(() => model.calls.length).toBeGreaterThan(index);
  return model.calls[index] as HeldCall;
}

describe('live answers under load, over HTTP', { timeout: 120_000 }, () => {
  it('a flip in the middle of a call: the answer is of the generation that it began with', async () => {
    const { server, store, model, ask } = await serve();
    const before = ask(1);
    const call = await callOf(model, 0);
    await publish(store, 'g2', weekOf('0.7'));
    await until(async () => (await server.get(STORED)).json.generation).toBe('g2');
    const after = ask(1);
    const second = await callOf(model, 1);
    expect([call.runId, second.runId]).toEqual(['g1', 'g2']);
    second.answer();
    call.answer();
    for (const [answer, generation, value] of [
      [await before, 'g1', 1],
      [await after, 'g2', 2],
    ] as const)
      expect(answer.json).toMatchObject({
        ...{ run: generation, generation },
        predictions: [{ found: true, value, source: 'live' }],
      });
    await store.close();
  });

  it('a thousand requests at once for a key that the store has lost are one call of the model', async () => {
    const { server, model, liveJob } = await serve();
    const asked = Array.from({ length: 10 }, () => pipelined(server.url, LOST, 100));
    const call = await callOf(model, 0);
    await until(() => liveJob.figures.joined).toBe(999);
    call.answer();
    const answers = (await Promise.all(asked)).join('');
    expect(answers.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(1_000);
    expect(answers.match(/"value":1,.*"source":"live"\}/g)).toHaveLength(1_000);
    expect(model.calls).toHaveLength(1);
    expect(call.questions).toHaveLength(1);
  });

  it('beyond the queue: 429 at once, while stored answers and those that wait are given', async () => {
    const { server, model, liveJob, ask } = await serve({ queue: 2 });
    const waiting = [ask(1)];
    await callOf(model, 0);
    waiting.push(ask(2), ask(3));
    await until(() => liveJob.waiting).toBe(2);
    for (const price of [4, 5]) {
      const { status, json, headers } = await ask(price);
      expect([status, json.error.code]).toEqual([429, 'LIVE_BUSY']);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    // The model answers nobody yet.
    for (let index = 0; index < 20; index++)
      expect((await server.get(STORED)).json).toMatchObject({ source: 'stored', value: 0.5 });
    const many = await server.post(PREDICTIONS, { keys: [{ store: 1, product: 1, date: '2026-11-21' }] });
    expect(many.json.source).toBe('stored');
    model.release();
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await ask(6)).status).toBe(200);
    expect((await server.get('/metrics')).json).toMatch(
      /serve_batch_live_questions_total\{job="sales",from="refused"\} 2/,
    );
  });

  it('an answer that takes too long is a 503, and stored answers are given meanwhile', async () => {
    const { server, ask } = await serve({ deadlineSeconds: 0.05 });
    const { status, json, headers } = await ask(1);
    expect([status, json.error.code]).toEqual([503, 'LIVE_UNAVAILABLE']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await server.get(STORED)).json.source).toBe('stored');
  });

  it('a model that dies again and again: the others are answered, then it is left alone, and tried again', async () => {
    const { server, model, liveJob, ask, passMs } = await serve();
    // One question is asked again alone, and answered.
    const first = ask(1);
    (await callOf(model, 0)).die();
    (await callOf(model, 1)).answer();
    expect((await first).json.predictions).toEqual([{ found: true, value: 1, source: 'live' }]);
    // Two that kill it, each tried twice at most: the third death in a row opens the breaker.
    const [bad, worse] = [ask(2), ask(3)];
    for (let index = 2; !liveJob.isOpen; index++) {
      (await callOf(model, index)).die();
      await until(() => liveJob.isOpen || model.calls.length > index + 1).toBe(true);
    }
    expect((await Promise.all([bad, worse])).map(({ status }) => status)).toEqual([503, 503]);
    const calls = model.calls.length;
    expect((await ask(4)).status).toBe(503);
    expect(model.calls).toHaveLength(calls);
    expect((await server.get(STORED)).json.source).toBe('stored');
    expect((await server.get('/metrics')).json).toMatch(/serve_batch_live_breaker_open\{job="sales"\} 1/);
    expect((await server.get('/v2/models/sales.live/ready')).json.ready).toBe(false);
    passMs(10_000);
    const again = ask(5);
    (await callOf(model, calls)).answer();
    expect((await again).status).toBe(200);
    await until(async () => (await server.get('/v2/models/sales.live/ready')).json.ready).toBe(true);
    expect((await server.get('/metrics')).json).toMatch(/serve_batch_live_breaker_open\{job="sales"\} 0/);
  });
});
