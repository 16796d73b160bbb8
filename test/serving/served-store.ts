import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { ServingSpec } from '../../src/config/sections/serving.ts';
import { DEFAULT_SERVING } from '../../src/config/sections/serving.ts';
import { type Clock, silentLog, systemClock } from '../../src/core/effects.ts';
import { openStore } from '../../src/kv/open-store.ts';
import type { GenerationInfo, KvStore } from '../../src/kv/store.ts';
import { PublishedReader } from '../../src/lookup/published-reader.ts';
import { FlipFeed } from '../../src/serving/events/flip-feed.ts';
import { GenerationBefore } from '../../src/serving/generation-before.ts';
import { AllowedHosts } from '../../src/serving/http/allowed-hosts.ts';
import {
  buildHttpServer,
  DEFAULT_LIMITS,
  type ServerLimits,
  type ServerParts,
} from '../../src/serving/http/http-server.ts';
import { Tokens } from '../../src/serving/http/tokens.ts';
import { KeyDictionary, type KeyValues } from '../../src/serving/key-dictionary.ts';
import { RequestMetrics } from '../../src/serving/metrics/request-metrics.ts';
import { openLive } from '../../src/serving/open-served-job.ts';
import { ServedJob } from '../../src/serving/served-job.ts';
import { type JobSource, type OpenJob, ServedJobs } from '../../src/serving/served-jobs.ts';
import { StoreGate } from '../../src/serving/store-gate.ts';
import type { StartWorkers } from '../../src/tasks/workers.ts';
import { FENCE, INFO, stage } from '../kv/store-contract.ts';
import { cleanUpLater } from '../support/clean-ups.ts';
import type { KvRow } from '../support/kv-batch.ts';

/** The weeks of two products in store 1, all of whose values are `value`. */
export function weekOf(value: string): readonly KvRow[] {
  return [
    ['1:1', '2026-11-21', value],
    ['1:1', '2026-11-22', value],
    ['1:2', '2026-11-21', value],
  ];
}

/** What the parts of such a run would tell of its keys. */
export const KEY_VALUES: KeyValues = {
  store: ['1'],
  product: ['1', '2'],
  date: ['2026-11-21', '2026-11-22'],
};

export async function publish(
  store: KvStore,
  generation: string,
  rows: readonly KvRow[],
  info: Partial<GenerationInfo> = {},
): Promise<void> {
  await stage(store, rows, { generation });
  await store.describe(generation, { ...INFO, runId: generation, ...info }, FENCE);
  await store.publish(generation, FENCE);
}

export interface OpenOptions {
  readonly deadlineMs?: number;
  readonly keyValues?: KeyValues | null;
  readonly refreshMs?: number;
  /** Who does the work of live answers. */
  readonly startWorkers?: StartWorkers;
  readonly clock?: Clock;
}

export function sourceOf(storeUrl: string, serving: Partial<ServingSpec> = {}): JobSource {
  return {
    name: 'sales',
    description: null,
    storeUrl,
    folderOfJob: '/nowhere',
    serving: { ...DEFAULT_SERVING, ...serving },
    schedule: null,
  };
}

/** As openServedJob, without the child process that reads parts. */
export function openForTest(
  source: JobSource,
  {
    deadlineMs = 2_000,
    keyValues = KEY_VALUES,
    refreshMs = 50,
    startWorkers,
    clock = systemClock,
  }: OpenOptions = {},
): OpenJob {
  const { name, storeUrl, serving } = source;
  const store = openStore({ job: name, url: storeUrl });
  const reader = new PublishedReader(store, {
    job: name,
    refreshMs,
    clock,
  });
  const dictionary = new KeyDictionary({
    read: async () => {
      if (keyValues === null) throw new Error('no parts');
      return keyValues;
    },
    patienceMs: 1_000,
  });
  const gate = new StoreGate({ clock, deadlineMs });
  const flips = new FlipFeed({ store, gate, everyMs: refreshMs, looksAlone: 10 });
  const before = new GenerationBefore({ store, gate, folderOfJob: source.folderOfJob });
  const { signal } = new AbortController();
  const live = startWorkers === undefined ? null : openLive(source, { clock, signal, startWorkers });
  return {
    job: new ServedJob({
      ...{ name, serving, reader, gate, dictionary, flips, before, clock },
      ...(live === null ? {} : { live }),
    }),
    async close() {
      await live?.close();
      await flips.close();
      await reader.close();
    },
  };
}

export interface TestServer {
  readonly url: string;
  readonly app: FastifyInstance;
  readonly jobs: ServedJobs;
  get(path: string, headers?: Record<string, string>): Promise<TestAnswer>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<TestAnswer>;
}

export interface TestAnswer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests compare what they expect
  readonly json: any;
}

export interface TestServerOptions extends OpenOptions, Partial<Omit<ServerParts, 'limits' | 'tokens'>> {
  readonly limits?: Partial<ServerLimits>;
  readonly tokens?: readonly string[];
}

/** What a server in the process of the tests works with; its jobs are closed after the tests of the file. */
export async function testParts(
  sources: readonly JobSource[],
  { limits, tokens = [], ...options }: TestServerOptions = {},
): Promise<ServerParts> {
  const jobs = new ServedJobs((source) => openForTest(source, options));
  cleanUpLater(() => jobs.close());
  await jobs.replace(sources);
  return {
    jobs,
    tokens: new Tokens(tokens),
    hosts: new AllowedHosts('127.0.0.1'),
    limits: { ...DEFAULT_LIMITS, ...limits },
    metrics: new RequestMetrics(),
    runMetrics: async () => '',
    log: silentLog,
    isDraining: () => false,
    page: null,
    tls: null,
    ...options,
  };
}

/** A server in the process of the tests, on a free port; stopped after the tests of the file. */
export async function startTestServer(
  sources: readonly JobSource[],
  options: TestServerOptions = {},
): Promise<TestServer> {
  const parts = await testParts(sources, options);
  const { jobs } = parts;
  const app = buildHttpServer(parts);
  cleanUpLater(async () => {
    app.server.closeAllConnections();
    await app.close();
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const url = `${parts.tls === null ? 'http' : 'https'}://127.0.0.1:${port}`;
  return {
    url,
    app,
    jobs,
    get: (path, headers = {}) => answerOf(fetch(`${url}${path}`, { headers })),
    post: (path, body, headers = {}) =>
      answerOf(
        fetch(`${url}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: typeof body === 'string' ? body : JSON.stringify(body),
        }),
      ),
  };
}

async function answerOf(response: Promise<Response>): Promise<TestAnswer> {
  const { status, headers, ...rest } = await response.then(async (each) => ({
    status: each.status,
    headers: each.headers,
    text: await each.text(),
  }));
  const isJson = headers.get('content-type')?.startsWith('application/json') === true;
  return { status, headers, json: isJson && rest.text !== '' ? JSON.parse(rest.text) : rest.text };
}
