import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/effects.ts';
import { folderBytes } from '../../../src/history/prune/folder-bytes.ts';
import { type PruneResult, pruneRuns } from '../../../src/history/prune/prune-runs.ts';
import { runPaths, trashFolder } from '../../../src/runs/layout.ts';
import { listRunIds } from '../../../src/runs/list/run-folders.ts';
import { acquireLock } from '../../../src/runs/lock/lock.ts';
import { readRecord } from '../../../src/runs/occurrence/occurrence-record.ts';
import { setCurrent } from '../../../src/runs/publication.ts';
import { temporaryFolder } from '../../runs/sample-run.ts';
import { committedRun, plannedRun, publishedRun, runOn } from '../sample-history.ts';

function prune(folderOfJob: string, keep: number, dryRun = false): Promise<PruneResult> {
  const { signal } = new AbortController();
  return pruneRuns({ folderOfJob, rule: { keep }, dryRun, store: null, clock: systemClock, signal });
}

async function jobWith(published: readonly number[]): Promise<string> {
  const job = join(await temporaryFolder(), 'sales');
  for (const day of published) await publishedRun(job, runOn(day));
  return job;
}

const left = async (job: string): Promise<string[]> => (await listRunIds(job)).reverse();

describe('pruneRuns', () => {
  it('deletes what is old, and says how many bytes it was', async () => {
    const job = await jobWith([1, 2, 3, 4]);
    const bytes = await folderBytes(runPaths(job, runOn(1)).folder);
    const result = await prune(job, 2);
    expect(bytes).toBeGreaterThan(1000);
    expect(result.pruned[0]).toEqual({ runId: runOn(1), bytes });
    expect(result).toMatchObject({ kept: 2, bytes: result.pruned.reduce((sum, run) => sum + run.bytes, 0) });
    expect(await left(job)).toEqual([runOn(3), runOn(4)]);
    expect(await readdir(job)).not.toContain('trash');
  });

  it('a dry run says the same, and deletes nothing', async () => {
    const job = await jobWith([1, 2, 3, 4]);
    const promised = await prune(job, 2, true);
    expect(await left(job)).toHaveLength(4);
    expect(await readdir(job)).not.toContain('locks');
    expect(await prune(job, 2)).toEqual(promised);
  });

  it('keeps the published run and the one that a rollback goes to, however old', async () => {
    const job = await jobWith([1, 3]);
    for (const day of [5, 6, 7]) await committedRun(job, runOn(day));
    await committedRun(job, runOn(2));
    await setCurrent(job, runOn(3));
    expect((await prune(job, 1)).pruned.map(({ runId }) => runId)).toEqual([runOn(2)]);
    expect(await left(job)).toEqual([1, 3, 5, 6, 7].map(runOn));
  });

  it.each<[what: string, sequences: readonly (readonly [day: number, sequence: number])[], kept: number]>([
    [
      'the newest',
      [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
      3,
    ],
    [
      'an older one, where a clock was ahead',
      [
        [1, 1],
        [9, 2],
        [3, 3],
      ],
      3,
    ],
  ])('keeps the committed run with the highest number of the chain: %s', async (_, runs, kept) => {
    const job = await jobWith([]);
    for (const [day, sequence] of runs)
      await committedRun(job, runOn(day), {
        incremental: { kind: 'files', sequence, after: null, full: false, files: 1 },
      });
    await plannedRun(job, runOn(4));
    const { signal } = new AbortController();
    const rule = { olderThan: new Date('2027-01-01') };
    await pruneRuns({ folderOfJob: job, rule, dryRun: false, store: null, clock: systemClock, signal });
    expect(await left(job)).toEqual([runOn(kept)]);
  });

  it('keeps in mind which occurrences the runs have settled', async () => {
    const job = await jobWith([]);
    const occurrenceOf = (day: number): string => `2026-11-${String(day).padStart(2, '0')}T00:00:00.000Z`;
    for (const day of [1, 2, 3, 4])
      await publishedRun(job, runOn(day), day === 2 ? '2026-11-30T00:00:00.000Z' : occurrenceOf(day));
    await writeFile(join(job, 'schedule.json'), JSON.stringify({ since: '2026-10-01T00:00:00Z' }));
    expect((await prune(job, 2)).pruned.map(({ runId }) => runId)).toEqual([runOn(1), runOn(2)]);
    const record = (occurrence: string) => readRecord(job, new Date(occurrence));
    expect(await record(occurrenceOf(1))).toMatchObject({ state: 'done', runId: runOn(1), attempts: 0 });
    // It was begun ahead of its time, and settles nothing.
    expect(await record('2026-11-30T00:00:00.000Z')).toBeUndefined();
    // Its run tells.
    expect(await record(occurrenceOf(4))).toBeUndefined();
  });

  it('empties what a prune that was killed had put away', async () => {
    const job = await jobWith([1, 2, 3]);
    await mkdir(trashFolder(job));
    await rename(runPaths(job, runOn(1)).folder, join(trashFolder(job), runOn(1)));
    const size = await folderBytes(trashFolder(job));
    expect(await prune(job, 2)).toEqual({
      ...{ pruned: [], kept: 2, occurrenceFiles: 0, bytes: size, generations: [] },
    });
    expect(await readdir(job)).not.toContain('trash');
  });

  it('leaves a job alone that is running', async () => {
    const job = await jobWith([1, 2, 3]);
    const lock = await acquireLock(job, { clock: systemClock, command: 'test' });
    await expect(prune(job, 1)).rejects.toMatchObject({ code: 'LOCKED' });
    await lock.release();
    expect(await left(job)).toHaveLength(3);
    expect((await prune(job, 1)).pruned).toHaveLength(1);
  });
});

describe('folderBytes', () => {
  it('adds up all files below, and is 0 for a folder that is not there', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'a', 'b'), { recursive: true });
    await writeFile(join(folder, 'one'), '1');
    await writeFile(join(folder, 'a', 'b', 'four'), '1234');
    expect(await folderBytes(folder)).toBe(5);
    expect(await folderBytes(join(folder, 'missing'))).toBe(0);
  });
});
