import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { copyFile, cp, rm } from 'node:fs/promises';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { leftoversIn } from '../support/processes.ts';
import { makeProject, type Project, temporaryFolder } from '../support/project.ts';
import { killAfterShards, startUntilShards } from './kill-after-shards.ts';

const SHARDS = 14;
const MANY = ['--input', 'week.parquet', '--shard-rows', '500', '--processes', '1'];

async function makeWeek(): Promise<Project> {
  const project = await makeProject();
  await writeWeek(project);
  return project;
}

/** Always with the same time of change, which is a part of what tells one input from another. */
async function writeWeek(project: Project): Promise<void> {
  const week = project.path('week.parquet');
  await copyFile(project.path('fixtures/sales.parquet'), week);
  utimesSync(week, 1_700_000_000, 1_700_000_000);
}

function touch(project: Project): void {
  const now = Date.now() / 1000;
  utimesSync(project.path('week.parquet'), now, now + 1);
}

/** The newest claim of the lock. */
function lockOf(project: Project): { readonly runPid?: number; readonly released?: boolean } {
  const folder = project.path('out/sales/locks');
  const newest = readdirSync(folder)
    .filter((name) => /^\d+\.json$/.test(name))
    .sort()
    .at(-1);
  return JSON.parse(readFileSync(`${folder}/${newest}`, 'utf8'));
}

describe('a run that was killed', () => {
  let project: Project;
  let killed: { readonly runId: string; readonly shards: number };
  /** What it left; each test starts from there. */
  let left: string;
  beforeAll(async () => {
    project = await makeWeek();
    killed = await killAfterShards(project, ['run', ...MANY], 4);
    expect(killed.shards).toBeLessThan(SHARDS);
    left = await temporaryFolder();
    await cp(project.path('out'), left, { recursive: true });
  });
  beforeEach(async () => {
    await rm(project.path('out'), { recursive: true });
    await cp(left, project.path('out'), { recursive: true });
    await writeWeek(project);
  });

  it('is shown as interrupted, and is continued by the same command: its shards are reused', async () => {
    const { stdout } = await project.serveBatch(['runs', 'ls', '--json']);
    expect(JSON.parse(stdout)).toMatchObject([{ runId: killed.runId, status: 'interrupted' }]);
    const result = await project.serveBatch(['run', ...MANY]);
    expect(result.code).toBe(0);
    expect(result.stdout).toContain(`Run ${killed.runId} of sales: published`);
    expect(result.stdout).toContain(`${SHARDS} (${killed.shards} reused, 0 retried)`);
  });

  it('left a lock that names a dead process, which is taken over', async () => {
    const { runPid } = lockOf(project);
    expect(runPid).toBeGreaterThan(0);
    expect(() => process.kill(runPid ?? 0, 0)).toThrow('ESRCH');
    await project.run(MANY);
    expect(lockOf(project)).toEqual({ released: true });
  });

  it.each([
    ['--no-resume', {}],
    ['', { SERVE_BATCH_NO_RESUME: '1' }],
    ['--force', {}],
  ] as const)('is left alone with %s %j', async (flag, env) => {
    const record = await project.run([...MANY, ...(flag === '' ? [] : [flag])], { env });
    expect(record.runId).not.toBe(killed.runId);
    expect(record.shards.reused).toBe(0);
  });

  it('is left alone where the input has changed since: a new run scores the new input', async () => {
    touch(project);
    const record = await project.run(MANY);
    expect(record.runId).not.toBe(killed.runId);
    expect(record.shards).toMatchObject({ total: SHARDS, reused: 0 });
  });

  it('computes a shard again whose part was damaged meanwhile', async () => {
    const part = project.path('out/sales/runs', killed.runId, 'parts/part-00001.parquet');
    const bytes = readFileSync(part);
    // As a failing disk would: the size is right, one bit is not.
    writeFileSync(part, bytes.with(100, (bytes[100] ?? 0) ^ 1));
    const record = await project.run(MANY);
    expect(record.shards.reused).toBe(killed.shards - 1);
    expect(readFileSync(part)).toEqual(bytes);
  });
});

describe('a run that is finished', () => {
  let project: Project;
  let runId: string;
  beforeAll(async () => {
    project = await makeWeek();
    ({ runId } = await project.run(MANY));
  });

  it('says so, exits 0 and computes nothing', async () => {
    const { code, stdout } = await project.serveBatch(['run', ...MANY]);
    expect(code).toBe(0);
    expect(stdout).toContain(`Up to date: run ${runId} of sales scored the same input`);
    expect(stdout).toContain('--force');
    expect(await project.run(MANY)).toMatchObject({ runId, status: 'published' });
    expect(await project.runs()).toEqual([runId]);
  });

  it('clears away what a kill at its very end left half-written', async () => {
    const [runId = ''] = await project.runs();
    const left = project.path('out/sales/runs', runId, '._SUCCESS.4711-0123456789abcdef.tmp');
    writeFileSync(left, '');
    const { stdout } = await project.serveBatch(['run', ...MANY]);
    expect(stdout).toContain('Up to date: run ');
    expect(existsSync(left)).toBe(false);
  });

  it('is made anew with --force', async () => {
    const record = await project.run([...MANY, '--force']);
    expect(record.runId).not.toBe(runId);
    expect(record.shards.reused).toBe(0);
    expect((await project.published())?.runId).toBe(record.runId);
  });
});

describe('input that changes during the run', () => {
  it('ends it with 3; nothing is published, and the next command scores the new input', async () => {
    const project = await makeWeek();
    const running = await startUntilShards(project, ['run', ...MANY], 2);
    touch(project);
    const { code, stdout, stderr } = await running.result;
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/The input changed since the run was planned: week\.parquet has 10029 bytes of/);
    expect(stderr).toContain('Nothing was published');
    expect(await project.published()).toBeNull();
    const next = await project.run(MANY);
    expect(next.runId).not.toBe(running.runId);
    expect(next.shards.reused).toBe(0);
  });
});

describe('two runs of one job at once', () => {
  it('the second ends at once with 6 and names the first; the first is not disturbed', async () => {
    const project = await makeWeek();
    const first = await startUntilShards(project, ['run', ...MANY], 2);
    first.process.kill('SIGSTOP');
    const second = await project.serveBatch(['run', ...MANY]);
    const publish = await project.serveBatch(['publish', first.runId]);
    first.process.kill('SIGCONT');
    expect(second).toMatchObject({ code: 6, stdout: '' });
    expect(second.stderr).toContain(`Job "sales" is being run by process ${first.pid} on `);
    expect(second.stderr).toContain(`kill ${first.pid}`);
    expect(publish.code).toBe(6);
    const { code, stdout } = await first.result;
    expect(code).toBe(0);
    expect(stdout).toContain(`Run ${first.runId} of sales: published`);
  });
});

describe('a signal', () => {
  it('ends the run, its children and its lock; the same command continues', async () => {
    const project = await makeWeek();
    const running = await startUntilShards(project, ['run', ...MANY], 3);
    running.process.kill('SIGINT');
    const ended = await running.result;
    expect(ended).toMatchObject({ code: 130, stdout: '' });
    expect(ended.stderr).toContain('Ended by SIGINT. Committed shards are kept');
    expect(await leftoversIn(project.folder)).toEqual([]);
    expect(lockOf(project)).toEqual({ released: true });
    expect(await project.published()).toBeNull();
    const record = await project.run(MANY);
    expect(record.runId).toBe(running.runId);
    expect(record.shards.reused).toBeGreaterThanOrEqual(3);
  });
});
