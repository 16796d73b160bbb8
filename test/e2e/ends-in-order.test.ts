import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { leftoversIn, until } from '../support/processes.ts';
import { makeProject, type Project } from '../support/project.ts';
import { committedShards } from './kill-after-shards.ts';
import { releasedLock } from './released-lock.ts';

const MINUTE = 60_000;
const SHARDS = 20;

/** A job of many small shards that came due a minute ago. */
function makeDueProject(select = ''): Promise<Project> {
  const at = new Date(Math.floor(Date.now() / MINUTE - 1) * MINUTE);
  const cron = `${at.getUTCMinutes()} ${at.getUTCHours()} * * *`;
  const weekly = `input: fixtures/sales.parquet
model: fixtures/sales-by-column.onnx
kv: {key: "{store}:{product}", field: "{date}"}
execution: {shardRows: 350, processes: 1, engine: onnxruntime}
schedule: "${cron}"
${select}`;
  return makeProject({ jobs: { weekly } });
}

function newestRun(project: Project): string | undefined {
  const folder = project.path('out/weekly/runs');
  return existsSync(folder) ? readdirSync(folder).sort().at(-1) : undefined;
}

describe('SIGTERM at any instant', () => {
  // Below 0: once the lock is held, while the run is planned. All three end a run in the same way.
  const instants = [
    ...[-1, 2, 9].map((shards) => ({ command: ['run', 'weekly'], shards })),
    { command: ['tick'], shards: 0 },
    { command: ['schedule'], shards: 5 },
  ];
  it.each(instants)(
    '$command after $shards shards: 143, the lock is free, nothing that was committed is lost',
    async ({ command, shards }) => {
      const project = await makeDueProject();
      const running = project.start(command);
      await until(() => {
        if (shards < 0) return existsSync(project.path('out/weekly/locks/00000001.json'));
        const run = newestRun(project);
        return run !== undefined && committedShards(project, run, 'weekly') >= shards;
      });
      await sleep(Math.random() * (shards < 0 ? 400 : 60));
      running.process.kill('SIGTERM');
      const { code, stderr } = await running.result;
      const run = newestRun(project);
      const kept = run === undefined ? 0 : committedShards(project, run, 'weekly');
      // It may have come to its end before the signal.
      if (command[0] === 'schedule' || kept < SHARDS) expect(code, stderr).toBe(143);
      expect(await leftoversIn(project.folder)).toEqual([]);
      expect(releasedLock(project, 'weekly')).toBe(true);
      const published = await project.published('weekly');
      if (published !== null) expect(published.record.rowsOut).toBe(7000);
      const next = await project.serveBatch(command[0] === 'run' ? [...command, '--json'] : ['tick']);
      expect(next.code, next.stderr).toBe(0);
      expect(await project.published('weekly')).toMatchObject({
        record: { rowsOut: 7000, shards: { total: SHARDS, ...(published === null ? { reused: kept } : {}) } },
      });
      if (kept > 0) expect((await project.published('weekly'))?.runId).toBe(run);
    },
  );
});

describe('signals to the whole process group, as terminals and systemd send them', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s lets the shards under way finish', async (signal) => {
    const project = await makeDueProject();
    const running = project.start(['run', 'weekly'], { ownGroup: true });
    await until(() => {
      const run = newestRun(project);
      return run !== undefined && committedShards(project, run, 'weekly') >= 2;
    });
    process.kill(-running.pid, signal);
    const { code, stderr } = await running.result;
    expect(code, stderr).toBe(signal === 'SIGTERM' ? 143 : 130);
    expect(stderr).not.toContain('is tried again');
    expect(stderr).not.toMatch(/child process|CHILD_DIED/);
    expect(await leftoversIn(project.folder)).toEqual([]);
    expect(releasedLock(project, 'weekly')).toBe(true);
  });
});

describe('a shard that takes long', () => {
  // Long enough to be met, and given up at the end of the grace; planning looks at the first rows only, which are quick.
  const SLOW = `features:
  select: |
    SELECT *,
      (SELECT sum(hash(range)) FROM range(CASE WHEN store = 10 AND product > 70 THEN 20000000000 ELSE 1 END)) AS slow
    FROM input
`;
  const QUICK_SHARDS = SHARDS - 1;

  async function startSlow(grace: string) {
    const project = await makeDueProject(SLOW);
    const running = project.start(['run', 'weekly', '--grace', grace]);
    await until(() => {
      const run = newestRun(project);
      return run !== undefined && committedShards(project, run, 'weekly') >= QUICK_SHARDS;
    });
    await sleep(300);
    return { project, running };
  }

  it('is given up when the grace is over', async () => {
    const { project, running } = await startSlow('1s');
    running.process.kill('SIGTERM');
    expect((await running.result).code).toBe(143);
    expect(releasedLock(project, 'weekly')).toBe(true);
    expect(await leftoversIn(project.folder)).toEqual([]);
  });

  it('is given up at once with a second signal, of whichever kind, and the lock is taken over', async () => {
    const { project, running } = await startSlow('1h');
    running.process.kill('SIGTERM');
    await sleep(300);
    expect(running.process.exitCode).toBeNull();
    running.process.kill('SIGINT');
    expect((await running.result).code).toBe(130);
    expect(releasedLock(project, 'weekly')).toBe(false);
    expect(await leftoversIn(project.folder)).toEqual([]);
    const dry = await project.serveBatch(['publish', newestRun(project) ?? '']);
    expect(dry.stderr).toContain('is not complete');
  });
});
