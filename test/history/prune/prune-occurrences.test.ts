import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { deleteOccurrenceFiles, oldOccurrenceFiles } from '../../../src/history/prune/prune-occurrences.ts';
import { pruneRuns } from '../../../src/history/prune/prune-runs.ts';
import { folderOfJob } from '../../../src/jobs/plan/locations.ts';
import { backfill, planBackfill } from '../../../src/schedule/backfill.ts';
import { tickOnce } from '../../../src/schedule/tick.ts';
import { temporaryFolder } from '../../runs/sample-run.ts';
import { DAY, quickFolder, scheduledJob, simulate } from '../../schedule/simulation.ts';

const NOTHING_KEPT = new Set<string>();
const now = new Date('2026-11-10T00:00:00Z');

async function jobWith(since: string | null) {
  const folderOf = await temporaryFolder();
  const folder = join(folderOf, 'occurrences');
  await mkdir(folder);
  const names = [
    '20261101T000000Z.json',
    '20261101T000000Z.late',
    '20261102T000000Z.missed.json',
    '20261103T000000Z.json',
    '20261104T000000Z.wait.json',
    '20261110T000000Z.json',
  ];
  for (const name of names)
    await writeFile(
      join(folder, name),
      JSON.stringify({ runId: name.startsWith('20261103') ? 'kept' : null }),
    );
  if (since !== null) await writeFile(join(folderOf, 'schedule.json'), JSON.stringify({ since }));
  return { folderOf, folder };
}

describe('oldOccurrenceFiles', () => {
  it.each([
    [
      'no scheduler sees the job: before the default window',
      null,
      '2026-12-01',
      ['20261101T000000Z.json', '20261101T000000Z.late', '20261102T000000Z.missed.json'],
    ],
    ['no scheduler sees the job: before the rule', null, '2026-11-01', []],
    [
      'before the rule',
      '2026-11-30T00:00:00Z',
      '2026-11-02',
      ['20261101T000000Z.json', '20261101T000000Z.late'],
    ],
    [
      'before since, whatever the rule says',
      '2026-11-03T00:00:00Z',
      '2026-12-01',
      ['20261101T000000Z.json', '20261101T000000Z.late', '20261102T000000Z.missed.json'],
    ],
  ] as const)('%s', async (_, since, before, old) => {
    const { folderOf } = await jobWith(since);
    const request = { folderOfJob: folderOf, before: new Date(before), keptRuns: NOTHING_KEPT, now };
    expect(await oldOccurrenceFiles(request)).toEqual(old);
  });

  it('records of runs that are kept stay', async () => {
    const { folderOf, folder } = await jobWith('2026-11-30T00:00:00Z');
    const before = new Date('2026-12-01');
    const old = await oldOccurrenceFiles({ folderOfJob: folderOf, before, keptRuns: new Set(['kept']), now });
    await deleteOccurrenceFiles(folderOf, old);
    expect(await readdir(folder)).toEqual(['20261103T000000Z.json']);
  });
});

it('what is pruned while no scheduler sees the job is not owed to the first that does', async () => {
  const job = scheduledJob(await quickFolder(), { catchup: 'all' });
  const simulation = simulate('2026-11-12T12:00:00Z');
  const { clock, effects, computed } = simulation;
  const range = {
    from: new Date('2026-11-01T00:00:00Z'),
    to: new Date('2026-11-12T00:00:00Z'),
    order: 'oldest',
  } as const;
  await backfill(job, await planBackfill(job, range, effects), effects);
  expect(computed).toHaveLength(12);
  const folder = folderOfJob(job.spec);
  const { signal } = new AbortController();
  clock.advance(30 * DAY);
  const rule = { olderThan: clock.now() };
  const request = { folderOfJob: folder, rule, dryRun: false, store: null, clock, signal };
  expect((await pruneRuns(request)).occurrenceFiles).toBeGreaterThan(5);
  await tickOnce({ jobs: [job], off: [], problems: [] }, effects, 1);
  expect(computed).toHaveLength(12);
});

it('what is pruned is not owed again', async () => {
  const job = scheduledJob(await quickFolder(), { catchup: 'all', catchupWindowSeconds: 3 * 86_400 });
  const simulation = simulate('2026-11-01T12:00:00Z');
  const { clock, effects } = simulation;
  const tick = () => tickOnce({ jobs: [job], off: [], problems: [] }, effects, 1);
  for (let day = 0; day < 12; day++) {
    await tick();
    clock.advance(DAY);
  }
  const before = [...simulation.computed];
  const { signal } = new AbortController();
  const folder = folderOfJob(job.spec);
  const request = { folderOfJob: folder, rule: { keep: 1 }, dryRun: false, store: null, clock, signal };
  const { pruned, occurrenceFiles } = await pruneRuns(request);
  expect(pruned.length).toBeGreaterThan(5);
  expect(occurrenceFiles).toBeGreaterThan(5);
  await tick();
  await tick();
  expect(simulation.computed.slice(before.length)).toEqual([clock.now().toISOString().replace('T12', 'T00')]);
});
