import { expect, it } from 'vitest';
import { makeProject } from '../support/project.ts';

it('run and backfill of a paused job say so, and run', async () => {
  const { serveBatch } = await makeProject({
    jobs: {
      weekly: 'input: fixtures/sales.parquet\nmodel: fixtures/sales-by-column.onnx\nschedule: "0 0 * * *"\n',
    },
  });
  const note = /the schedule of weekly is paused since .*: wrong prices; it runs, since you asked for it/;
  await serveBatch(['jobs', 'pause', 'weekly', '--reason', 'wrong prices']);
  const run = await serveBatch(['run', 'weekly']);
  expect([run.code, run.stderr]).toEqual([0, expect.stringMatching(note)]);
  const range = ['backfill', 'weekly', '--from', '2026-11-02', '--to', '2026-11-02'];
  const backfill = await serveBatch(range);
  expect([backfill.code, backfill.stderr]).toEqual([0, expect.stringMatching(note)]);
  await serveBatch(['jobs', 'resume', 'weekly']);
  expect((await serveBatch(['run', 'weekly'])).stderr).not.toContain('paused');
});
