import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { ShardQueue } from '../../src/queue/shard-queue.ts';
import { startRedis } from '../support/redis-server.ts';

it('a queue that is closed starts no timer any more, by which a process would never end', async () => {
  const server = await startRedis();
  onTestFinished(() => server.stop());
  const listener = { onDone: () => {}, onFailed: () => {} };
  const { signal } = new AbortController();
  const queue = await ShardQueue.open(server.url, { runId: 'r' }, listener, { signal });
  const timers = vi.spyOn(globalThis, 'setTimeout');
  onTestFinished(() => timers.mockRestore());
  await queue.close();
  for (let each = 0; each < 100; each++) await turn();
  // What reads the events of the queue waits for so long before it begins again.
  expect(timers.mock.calls.map(([, ms]) => ms)).not.toContain(5000);
});
