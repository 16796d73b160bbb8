import { expect, it } from 'vitest';
import { StageTimer } from '../../src/shard/stage-timer.ts';

it('sums up milliseconds by stage, and says seconds', () => {
  const timer = new StageTimer();
  timer.add('infer', 1500);
  timer.add('infer', 0.0004);
  timer.add('read', 250.25);
  expect(timer.seconds()).toEqual({ read: 0.25025, features: 0, infer: 1.5, write: 0, stage: 0 });
});

it('counts work that fails, and passes its result or its error on', async () => {
  const timer = new StageTimer();
  expect(await timer.time('write', async () => 'done')).toBe('done');
  const failing = timer.time('read', async () => {
    for (const end = performance.now() + 2; performance.now() < end; );
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  expect(timer.seconds().read).toBeGreaterThan(0);
});
