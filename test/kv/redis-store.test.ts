import { afterAll, beforeAll } from 'vitest';
import { openStore } from '../../src/kv/open-store.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { describeStoreContract } from './store-contract.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(async () => {
  await server.stop();
});

describeStoreContract('Redis', async () => ({
  open: (job = 'sales') => openStore({ url: server.url, job }),
  cleanUp: async () => {
    await server.cli('FLUSHALL');
  },
}));
