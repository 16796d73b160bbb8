import type { StoreTasks } from './store-tasks.ts';
import type { WorkerState } from './worker-state.ts';

type Handlers = {
  readonly [N in keyof StoreTasks]: (
    state: WorkerState,
    request: StoreTasks[N]['request'],
  ) => Promise<StoreTasks[N]['result']>;
};

/** What a worker does with the store that its place names. */
export const STORE_HANDLERS: Handlers = {
  async 'store-ping'(state, { job }) {
    await (await state.store(job)).ping();
    return null;
  },

  async 'store-claim'(state, { job, fence }) {
    await (await state.store(job)).claim(fence);
    return null;
  },

  async 'store-extend'(state, { job, generation, base, fence }) {
    return (await state.store(job)).extend(generation, base, fence);
  },

  async 'store-staged'(state, { job, generation }) {
    return [...(await (await state.store(job)).stagedShards(generation))];
  },

  async 'store-describe'(state, { job, generation, info, fence }) {
    await (await state.store(job)).describe(generation, info, fence);
    return null;
  },

  async 'store-count'(state, { job, generation }) {
    return (await state.store(job)).count(generation);
  },

  async 'store-publish'(state, { job, generation, fence, canary }) {
    await (await state.store(job)).publish(generation, fence, canary ?? undefined);
    return null;
  },

  async 'store-withdraw'(state, { job, fence }) {
    await (await state.store(job)).withdraw(fence);
    return null;
  },

  async 'store-drop'(state, { job, generation, fence }) {
    await (await state.store(job)).drop(generation, fence);
    return null;
  },

  async 'store-values'(state, { job, generation, keys }) {
    const values = await (await state.store(job)).getMany(generation, keys);
    return values.map((value) => value ?? null);
  },
};
