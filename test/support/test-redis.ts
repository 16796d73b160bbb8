import { onTestFinished } from 'vitest';
import { openStore } from '../../src/kv/open-store.ts';
import type { KvStore } from '../../src/kv/store.ts';
import { type RedisServerOptions, startRedis } from './redis-server.ts';

/** A server of the test that calls it: it stops when the test ends. */
export async function startTestRedis(options: RedisServerOptions = {}) {
  const server = await startRedis(options);
  onTestFinished(() => server.stop());
  return server;
}

/** The store of the job `sales`: it closes when the test ends. */
export function openTestStore(url: string): KvStore {
  const store = openStore({ url, job: 'sales' });
  onTestFinished(() => store.close());
  return store;
}
