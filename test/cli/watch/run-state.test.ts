import { expect, it } from 'vitest';
import { progressLine } from '../../../src/cli/watch/progress-line.ts';
import { StateKeeper } from '../../../src/cli/watch/run-state.ts';

it('shows the rate of scoring, which does not sink while the store is loaded and counted', () => {
  let now = 0;
  const keeper = new StateKeeper(() => now);
  keeper.update({ stage: 'score', rowsTotal: 1000, rowsDone: 0 });
  now = 1000;
  keeper.update({ stage: 'score', rowsDone: 1000 });
  const scored = progressLine(keeper.state, 200);
  expect(scored).toContain('1,000 rows/s');
  keeper.update({ stage: 'verify' });
  now = 9000;
  expect(progressLine(keeper.state, 200)).toBe(scored.replace('score', 'verify'));
});

it('is cut to the width of the window', () => {
  const keeper = new StateKeeper(() => 0);
  keeper.update({ stage: 'score', rowsTotal: 7_000_000, rowsDone: 10 });
  expect(progressLine(keeper.state, 40).length).toBeLessThan(40);
});
