import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/effects.ts';
import { openStore } from '../../src/kv/open-store.ts';
import { findCommittedRun } from '../../src/runs/list/occurrence-runs.ts';
import { runsByOccurrence } from '../../src/runs/occurrence/runs-by-occurrence.ts';
import { makeProject, type Project } from '../support/project.ts';

const JOB = `name: sales
input: fixtures/sales.parquet
model: fixtures/sales-by-column.onnx
kv: {key: "{store}:{product}", field: "{date}"}
`;
const FILE = `name: one-file
input: fixtures/sales.parquet
model: fixtures/sales-by-column.onnx
output: one.csv
`;
const KEY = ['store=1', 'product=1', 'date=2026-11-21'];

async function listed(project: Project): Promise<Record<string, string>> {
  const { stdout } = await project.serveBatch(['runs', 'ls', '--json']);
  const runs = JSON.parse(stdout) as { runId: string; status: string }[];
  return Object.fromEntries(runs.map(({ runId, status }) => [runId, status]));
}

describe('run --no-publish', () => {
  let project: Project;
  beforeAll(async () => {
    project = await makeProject({ jobs: { sales: JOB, 'one-file': FILE } });
  });

  it('makes a run that readers do not see, in the folder or in the store', async () => {
    const record = await project.run(['sales', '--no-publish']);
    expect(record).toMatchObject({ status: 'candidate', kv: null });
    expect(await project.published()).toBeNull();
    const store = openStore({ url: `lmdb:${project.path('out/sales/kv')}`, job: 'sales' });
    expect(await store.current()).toBeUndefined();
    await store.close();
    expect(await listed(project)).toEqual({ [record.runId]: 'candidate' });
    const shown = await project.serveBatch(['runs', 'show', record.runId]);
    expect(shown.stdout).toContain(`Run ${record.runId} of sales: candidate`);
  });

  it('is done once; --force makes another one', async () => {
    const [first] = await project.runs();
    const again = await project.serveBatch(['run', 'sales', '--no-publish']);
    expect(again.stdout).toContain(`the candidate ${first} of sales scored the same input`);
    expect(await project.runs()).toEqual([first]);
    const another = await project.run(['sales', '--no-publish', '--force']);
    expect(await listed(project)).toEqual({ [first ?? '']: 'candidate', [another.runId]: 'candidate' });
  });

  it('the next run neither publishes it nor counts it as its own', async () => {
    const candidates = await project.runs();
    const record = await project.run(['sales']);
    expect(candidates).not.toContain(record.runId);
    expect(record.status).toBe('published');
    expect(record.output.parts).toEqual(
      JSON.parse((await project.serveBatch(['runs', 'show', candidates[0] ?? '', '--json'])).stdout).output
        .parts,
    );
    expect((await project.published())?.runId).toBe(record.runId);
  });

  it('publish brings it to readers, and from then on it is a run of the job', async () => {
    const [candidate = ''] = await project.runs();
    expect((await project.serveBatch(['publish', candidate])).code).toBe(0);
    expect((await project.published())?.runId).toBe(candidate);
    expect((await project.serveBatch(['lookup', 'sales', ...KEY])).stdout).toContain(`from run ${candidate}`);
    expect((await listed(project))[candidate]).toBe('published');
    const back = await project.serveBatch(['rollback', 'sales']);
    expect(back.stdout).toContain(`Rolled back from ${candidate}`);
  });

  it('does not write the file of a job that writes one, until it is published', async () => {
    const { runId } = await project.run(['one-file', '--no-publish']);
    expect(existsSync(project.path('one.csv'))).toBe(false);
    const { code, stderr } = await project.serveBatch(['publish', runId, '--output', 'one.csv']);
    expect([code, stderr.includes('Error')]).toEqual([0, false]);
    expect(existsSync(project.path('one.csv'))).toBe(true);
    // From then on it is the run of the job that has done this.
    expect((await project.serveBatch(['run', 'one-file'])).stdout).toContain(`Up to date: run ${runId}`);
  });

  it('does not settle its occurrence: neither the schedule nor a job after it counts it', async () => {
    const occurrence = '2026-11-20T00:00:00.000Z';
    const { runId } = await project.run(['sales', '--no-publish', '--occurrence', occurrence]);
    const folder = project.path('out/sales');
    expect(await runsByOccurrence(folder, systemClock, [new Date(occurrence)])).toEqual(new Map());
    expect(await findCommittedRun(folder, occurrence)).toBeUndefined();
    const then = await project.run(['sales', '--occurrence', occurrence]);
    expect(then.runId).not.toBe(runId);
    expect((await findCommittedRun(folder, occurrence))?.runId).toBe(then.runId);
  });

  it('is refused for a job that takes new data only', async () => {
    const incremental = `${JOB.replace('sales', 'grows')}`.replace(
      'input: fixtures/sales.parquet',
      'input: {path: fixtures/sales.parquet, incremental: {column: date}}',
    );
    await project.write('jobs/grows.yaml', incremental.replace(/kv:.*\n/, ''));
    const { code, stderr } = await project.serveBatch(['run', 'grows', '--no-publish']);
    expect(code).toBe(2);
    expect(stderr).toContain('Give the candidate a name and data of its own with --as NAME.');
  });
});

describe('run --as NAME', () => {
  let project: Project;
  let published: string;
  beforeAll(async () => {
    project = await makeProject({
      jobs: { sales: JOB, other: JOB.replace('sales', 'other'), 'one-file': FILE },
    });
    published = (await project.run(['sales'])).runId;
  });

  it('has a folder, readers and a history of its own, and leaves those of the job alone', async () => {
    const record = await project.run(['sales', '--as', 'trial']);
    expect(record).toMatchObject({ job: 'trial', status: 'published' });
    expect((await project.published())?.runId).toBe(published);
    expect((await project.published('trial'))?.runId).toBe(record.runId);
    for (const args of [
      ['sales', ...KEY, '--as', 'trial'],
      ['trial', ...KEY],
    ])
      expect((await project.serveBatch(['lookup', ...args])).stdout).toContain(`from run ${record.runId}`);
    expect((await project.serveBatch(['lookup', 'sales', ...KEY])).stdout).toContain(`from run ${published}`);
    expect((await project.serveBatch(['query', 'SELECT count(*) AS n FROM trial'])).code).toBe(0);
    expect((await project.serveBatch(['runs', 'ls'])).stdout).toMatch(/trial +published/);
    expect((await project.serveBatch(['run', 'sales', '--as', 'trial'])).stdout).toContain('Up to date');
  });

  it.each([
    ['a job of the project', ['sales', '--as', 'other'], 'which is a job of this project'],
    ['its own name', ['sales', '--as', 'sales'], 'which is a job of this project'],
    [
      'a candidate of another job',
      ['other', '--as', 'trial'],
      'holds the candidate "trial" of the job sales',
    ],
    ['a name that no file may have', ['sales', '--as', 'a/b'], 'cannot be used in a key-value store'],
    ['the one file of its job', ['one-file', '--as', 'mine'], 'must not replace'],
  ])('takes nothing from %s', async (_, args, message) => {
    const { code, stderr } = await project.serveBatch(['run', ...args]);
    expect([code, stderr.includes(message)]).toEqual([2, true]);
  });

  it('takes neither the folder nor the store of a job whose file is gone', async () => {
    await project.run(['other']);
    const { rename } = await import('node:fs/promises');
    await rename(project.path('jobs/other.yaml'), project.path('other.yaml'));
    const inFolder = await project.serveBatch(['run', 'sales', '--as', 'other']);
    expect([inFolder.code, inFolder.stderr.includes('has runs of a job of that name')]).toEqual([2, true]);
    await rename(project.path('out/other/runs'), project.path('out/other/gone'));
    const inStore = await project.serveBatch(['run', 'sales', '--as', 'other']);
    expect([inStore.code, inStore.stderr.includes('of a job of that name')]).toEqual([2, true]);
  });

  it('a job that is called so later does not run into its folder', async () => {
    await project.write('jobs/trial.yaml', JOB.replace('sales', 'trial'));
    const { code, stderr } = await project.serveBatch(['run', 'trial']);
    expect([code, stderr.includes('serve-batch runs prune --as trial')]).toEqual([2, true]);
    const { rm } = await import('node:fs/promises');
    await rm(project.path('jobs/trial.yaml'));
  });

  it('runs prune --as deletes all of it, and nothing that is no candidate', async () => {
    const refused = await project.serveBatch(['runs', 'prune', '--as', 'sales']);
    expect([refused.code, refused.stderr.includes('holds no candidate')]).toEqual([4, true]);
    const dry = await project.serveBatch(['runs', 'prune', '--as', 'trial', '--dry-run']);
    expect(dry.stdout).toContain('Would delete the candidate trial of sales: 1 run');
    expect(await project.published('trial')).not.toBeNull();
    expect((await project.serveBatch(['runs', 'prune', '--as', 'trial'])).code).toBe(0);
    expect(readdirSync(join(project.folder, 'out/trial'))).toEqual(['locks']);
    expect((await project.serveBatch(['runs', 'ls'])).stdout).not.toContain('trial');
    expect((await project.published())?.runId).toBe(published);
  });
});
