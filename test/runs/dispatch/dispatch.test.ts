import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { arrayTaskOf } from '../../../src/runs/dispatch/array-task.ts';
import { readDispatch, rounds, writeDispatch } from '../../../src/runs/dispatch/dispatch-file.ts';
import { groupShards } from '../../../src/runs/dispatch/group-shards.ts';
import { shardsOfTask } from '../../../src/runs/dispatch/shards-of-task.ts';
import { runPaths } from '../../../src/runs/layout.ts';
import { temporaryFolder } from '../../support/project.ts';

describe('shards in groups', () => {
  it.each([
    { shards: [0, 1, 2], grouping: { groupSize: 1 }, groups: [[0], [1], [2]] },
    { shards: [0, 1, 2, 5, 9], grouping: { groupSize: 2 }, groups: [[0], [1, 2], [5, 9]] },
    { shards: [0, 1, 2, 5, 9], grouping: { groupSize: 9 }, groups: [[0, 1, 2, 5, 9]] },
    {
      shards: [4, 5, 6, 7, 8, 9, 10],
      grouping: { groups: 3 },
      groups: [
        [4, 5],
        [6, 7],
        [8, 9, 10],
      ],
    },
    { shards: [4, 5], grouping: { groups: 3 }, groups: [[4], [5]] },
    { shards: [], grouping: { groups: 3 }, groups: [] },
    { shards: [], grouping: { groupSize: 3 }, groups: [] },
  ])('$shards by $grouping', ({ shards, grouping, groups }) => {
    expect(groupShards(shards, grouping)).toEqual(groups);
  });

  it('10,000 shards lose none, and no group is longer than asked', () => {
    const shards = Array.from({ length: 10_000 }, (_, index) => index);
    const groups = groupShards(shards, { groupSize: 7 });
    expect(groups.flat()).toEqual(shards);
    expect(Math.max(...groups.map(({ length }) => length))).toBe(7);
  });
});

describe('the task of an array job', () => {
  it.each([
    { env: { JOB_COMPLETION_INDEX: '3' }, index: 3 },
    { env: { AWS_BATCH_JOB_ARRAY_INDEX: '0' }, index: 0 },
    { env: { CLOUD_RUN_TASK_INDEX: '12' }, index: 12 },
    { env: { BATCH_TASK_INDEX: '1' }, index: 1 },
    { env: { SLURM_ARRAY_TASK_ID: '7', JOB_COMPLETION_INDEX: '' }, index: 7 },
  ])('$env', ({ env, index }) => {
    expect(arrayTaskOf(env)?.index).toBe(index);
  });

  it('is none elsewhere', () => {
    expect(arrayTaskOf({ HOME: '/' })).toBeNull();
  });

  it.each(['-1', '1.5', 'x', '0x3', ' 3'])('%s is refused', (text) => {
    expect(() => arrayTaskOf({ SLURM_ARRAY_TASK_ID: text })).toThrow(/SLURM_ARRAY_TASK_ID is ".*expected/);
  });

  it('is not guessed where variables disagree', () => {
    const env = { JOB_COMPLETION_INDEX: '1', SLURM_ARRAY_TASK_ID: '2' };
    expect(() => arrayTaskOf(env)).toThrow(/which task is this\? Say it with --group/);
  });
});

describe('the shards of a task', () => {
  const list = { round: 2, groups: [[1, 4], [7]] };
  const arrayTask = (index: number) => ({ arrayTask: { variable: 'SLURM_ARRAY_TASK_ID', index } }) as const;

  it('an index is a place in the list, and no number of a shard', () => {
    expect(shardsOfTask(list, { index: 2 })).toEqual([7]);
    expect(shardsOfTask(list, { index: 1 })).toEqual([4]);
  });

  it('a task of an array is a group', () => {
    expect(shardsOfTask(list, { group: 0 })).toEqual([1, 4]);
    expect(shardsOfTask(list, arrayTask(0))).toEqual([1, 4]);
  });

  it('a task beyond the list has nothing to do; who asks for more than there is gets an error', () => {
    expect(shardsOfTask(list, arrayTask(2))).toEqual([]);
    expect(() => shardsOfTask(list, { group: 2 })).toThrow(/--group is 2.+list 2 has 2 groups.+0 to 1/);
    expect(() => shardsOfTask(list, { index: 3 })).toThrow(/--index is 3.+has 3 shards.+0 to 2/);
    expect(() => shardsOfTask({ round: 1, groups: [] }, { index: 0 })).toThrow(/nothing to compute/);
  });
});

describe('the dispatch lists of a run', () => {
  const list = { createdAt: '2026-11-21T00:00:00.000Z', groups: [[0], [1]], spec: { name: 'weekly' } };

  it('are numbered from 1, and none is written over', async () => {
    const paths = runPaths(await temporaryFolder(), '20261121T000000Z-k3x9');
    expect(await rounds(paths)).toEqual([]);
    expect((await writeDispatch(paths, list)).round).toBe(1);
    expect((await writeDispatch(paths, { ...list, groups: [[1]] })).round).toBe(2);
    expect(await readDispatch(paths, 1)).toMatchObject({ round: 1, groups: [[0], [1]] });
    expect(await readDispatch(paths, 2)).toMatchObject({ round: 2, groups: [[1]] });
  });

  it('one that a secret stands in is for its owner and the group alone', async () => {
    const paths = runPaths(await temporaryFolder(), '20261121T000000Z-k3x9');
    await writeDispatch(paths, list, (text) => text.replaceAll('weekly', '***'));
    await writeDispatch(paths, list, (text) => text.replaceAll('hunter22', '***'));
    const others = async (round: number) => (await stat(paths.dispatch(round))).mode & 0o007;
    expect(await others(1)).toBe(0);
    expect(await others(2)).toBe(0o006 & ~process.umask());
    expect((await readDispatch(paths, 1)).spec).toEqual(list.spec);
  });

  it('one that is missing or damaged says how to get another', async () => {
    const paths = runPaths(await temporaryFolder(), '20261121T000000Z-k3x9');
    await expect(readDispatch(paths, 3)).rejects.toThrow(/has no dispatch list 3.+"serve-batch plan"/);
    await mkdir(dirname(paths.dispatch(1)), { recursive: true });
    await writeFile(paths.dispatch(1), '{"groups": 3}');
    await expect(readDispatch(paths, 1)).rejects.toThrow(/cannot be read.+Run that again/);
    expect(await readFile(paths.dispatch(1), 'utf8')).toContain('3');
  });
});
