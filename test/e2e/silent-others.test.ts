import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { REPOSITORY } from '../support/cli.ts';
import { childrenOf, leftoversIn, until } from '../support/processes.ts';
import { makeProject, type Project } from '../support/project.ts';
import { committedShards } from './kill-after-shards.ts';
import { releasedLock } from './released-lock.ts';

const JOB = `input: fixtures/sales.parquet
model: fixtures/sales-by-column.onnx
kv: {key: "{store}:{product}", field: "{date}"}
execution: {shardRows: 250, processes: 1}
`;

const holders: ChildProcess[] = [];
afterAll(() => {
  for (const holder of holders.splice(0)) holder.kill('SIGKILL');
});

/** A process that is stopped inside a write transaction of an LMDB file. */
async function holdWriteLock(path: string): Promise<ChildProcess> {
  const script = `
    const db = require('lmdb').open({ path: process.argv[1], noSubdir: true, maxReaders: 1024 });
    db.transactionSync(() => process.kill(process.pid, 'SIGSTOP'));`;
  const holder = spawn(process.execPath, ['-e', script, path], { cwd: REPOSITORY, stdio: 'inherit' });
  holders.push(holder);
  await until(() => isStopped(holder.pid ?? 0));
  return holder;
}

function isStopped(pid: number): boolean {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.startsWith('T') === true;
}

function hasOpen(pid: number, file: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/maps`, 'utf8').includes(file);
  } catch {
    return false;
  }
}

async function expectEndsInOrder(project: Project, running: ReturnType<Project['start']>): Promise<void> {
  running.process.kill('SIGTERM');
  const { code, stderr } = await running.result;
  expect(code, stderr).toBe(143);
  expect(await leftoversIn(project.folder)).toEqual([]);
  expect(releasedLock(project, 'weekly')).toBe(true);
}

// At once: they wait.
describe.concurrent('SIGTERM ends a run within its grace, and the same command finishes it', () => {
  it('while a child is stopped in the middle of its shards', async () => {
    const project = await makeProject({ jobs: { weekly: JOB } });
    const running = project.start(['run', 'weekly', '--grace', '1s']);
    const runs = project.path('out/weekly/runs');
    const runId = await until(() => existsSync(runs) && readdirSync(runs)[0]);
    await until(() => committedShards(project, runId, 'weekly') >= 1);
    for (const child of childrenOf(running.pid)) process.kill(child, 'SIGSTOP');
    await expectEndsInOrder(project, running);
    expect(await project.run(['weekly'])).toMatchObject({ runId, status: 'published', rowsOut: 7000 });
  });

  it("while another process holds LMDB's lock, and is stopped", async () => {
    const project = await makeProject({ jobs: { weekly: JOB } });
    mkdirSync(project.path('out/weekly/kv'), { recursive: true });
    const holder = await holdWriteLock(project.path('out/weekly/kv/weekly.current-turn'));
    const running = project.start(['run', 'weekly', '--grace', '1s']);
    await until(() => childrenOf(running.pid).some((child) => hasOpen(child, 'weekly.current-turn')));
    await expectEndsInOrder(project, running);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(await project.run(['weekly'])).toMatchObject({ status: 'published', rowsOut: 7000 });
  });
});
