import { expect, it } from 'vitest';
import { FeatureBatch } from '../../src/features/feature-batch.ts';
import { ScoringQueue } from '../../src/shard/scoring-queue.ts';

const newBatch = (): FeatureBatch => new FeatureBatch([], 16);

/** A queue whose batches are scored when the test says so. */
function newQueue(batches: readonly [FeatureBatch, ...FeatureBatch[]]) {
  const begun: FeatureBatch[] = [];
  const ends: { readonly ok: () => void; readonly fail: (error: Error) => void }[] = [];
  const queue = new ScoringQueue(batches, (batch) => {
    begun.push(batch);
    return new Promise((ok, fail) => ends.push({ ok, fail }));
  });
  return { queue, begun, ends };
}

const settled = async (promise: Promise<void>): Promise<boolean> =>
  Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setImmediate(resolve, false))]);

it('with one batch, waits until it is scored', async () => {
  const { queue, ends } = newQueue([newBatch()]);
  const first = queue.current;
  const flushed = queue.flush();
  expect(await settled(flushed)).toBe(false);
  ends[0]?.ok();
  await flushed;
  expect(queue.current).toBe(first);
});

it('with two, one is filled while the other is scored, and never one that is under way', async () => {
  const [a, b] = [newBatch(), newBatch()];
  const { queue, begun, ends } = newQueue([a, b]);
  await queue.flush();
  expect(queue.current).toBe(b);
  const second = queue.flush();
  expect([await settled(second), begun.length]).toEqual([false, 1]);
  ends[0]?.ok();
  await second;
  expect(queue.current).toBe(a);
  expect(begun).toEqual([a, b]);
  ends[1]?.ok();
  await queue.drain();
});

it('tells a failure with the next flush, or at the end', async () => {
  const { queue, ends } = newQueue([newBatch(), newBatch()]);
  await queue.flush();
  ends[0]?.fail(new Error('lost'));
  await queue.settle();
  await expect(queue.flush()).rejects.toThrow('lost');
  await expect(queue.drain()).rejects.toThrow('lost');
});
