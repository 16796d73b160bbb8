import { expect, it } from 'vitest';
import { ServeBatchError } from '../../src/core/errors.ts';
import type { StorePointer } from '../../src/kv/store.ts';
import { StoreInWorkers } from '../../src/tasks/store-in-workers.ts';
import type { TaskOptions, Workers } from '../../src/tasks/workers.ts';
import { FENCE, INFO } from '../kv/store-contract.ts';

const POINTER: StorePointer = {
  url: 'lmdb:/kv',
  mayEvict: false,
  current: async () => 'g1',
  shown: async () => ({ generation: 'g1', canary: null }),
  lastFlip: async () => ({ generation: 'g1', fence: null }),
  generations: async () => ['g1', 'g2'],
  close: async () => {},
};

/** Workers that do nothing but note what they are asked, and answer as they are told. */
function storeWith(answer: () => unknown) {
  const asked: [task: string, request: unknown][] = [];
  const runRetrying = async (task: string, request: unknown) => {
    asked.push([task, request]);
    return answer();
  };
  return { asked, store: new StoreInWorkers('sales', POINTER, { runRetrying } as unknown as Workers) };
}

it('has workers do all that opens the store, and reads the pointer itself', async () => {
  const { asked, store } = storeWith(() => null);
  await store.ping();
  await store.claim(FENCE);
  await store.describe('g2', INFO, FENCE);
  await store.publish('g2', FENCE);
  await store.drop('g1', FENCE);
  expect([await store.current(), await store.generations()]).toEqual(['g1', ['g1', 'g2']]);
  expect(asked).toEqual([
    ['store-ping', { job: 'sales' }],
    ['store-claim', { job: 'sales', fence: FENCE }],
    ['store-describe', { job: 'sales', generation: 'g2', info: INFO, fence: FENCE }],
    ['store-publish', { job: 'sales', generation: 'g2', fence: FENCE, canary: null }],
    ['store-drop', { job: 'sales', generation: 'g1', fence: FENCE }],
  ]);
});

it('answers as the store would, though JSON has neither maps nor undefined', async () => {
  const counts = { keys: 1, values: 7, bytes: 90 };
  expect(await storeWith(() => [[3, counts]]).store.stagedShards('g1')).toEqual(new Map([[3, counts]]));
  const keys = [{ key: 'a', field: null }];
  expect(await storeWith(() => [null]).store.getMany('g1', keys)).toEqual([undefined]);
});

it('a store that ends every process which opens it cannot be used: the run stays committed', async () => {
  const died = new ServeBatchError(
    'CHILD_DIED',
    'The child process 7 was ended by SIGBUS before it answered.',
    {
      fields: { signal: 'SIGBUS' },
    },
  );
  const { store } = storeWith(() => {
    throw died;
  });
  await expect(store.count('g1')).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    exitCode: 7,
    message: expect.stringMatching(/^The store lmdb:\/kv cannot be used: .*SIGBUS/),
  });
});

it('gives up a step that waits for a process which was stopped, and says what to look for', async () => {
  const runRetrying = (_task: string, _request: unknown, { signal }: TaskOptions = {}) =>
    new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
  const store = new StoreInWorkers('sales', POINTER, { runRetrying } as unknown as Workers, 5);
  // The timer of the limit keeps no process alive, and a worker does.
  const alive = setInterval(() => {}, 1000);
  const steps = [store.ping(), store.claim(FENCE), store.publish('g2', FENCE), store.drop('g1', FENCE)];
  for (const step of await Promise.allSettled(steps))
    expect(step).toMatchObject({
      reason: {
        code: 'STORE_UNAVAILABLE',
        exitCode: 7,
        message: expect.stringMatching(/^The store lmdb:\/kv did not do within 0\.005 s .*state T in "ps/),
      },
    });
  clearInterval(alive);
});
