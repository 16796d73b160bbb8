import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/runs/record/run-record.ts';
import type { RunningCli } from '../support/cli.ts';
import { expectGoldenStore } from '../support/golden.ts';
import { childrenOf, until } from '../support/processes.ts';
import { makeProject, type Project } from '../support/project.ts';
import { ensureRedisServer, type RedisServer, startRedis } from '../support/redis-server.ts';

const SHARDS = ['--shard-rows', '100'];

let redis: RedisServer;
let local: RunRecord;
beforeAll(async () => {
  await ensureRedisServer();
  redis = await startRedis();
  local = await (await makeProject()).run(SHARDS);
});
afterAll(() => redis.stop());

/** A worker that has one shard at a time, and whose lock is short. */
async function startWorker(project: Project, args: readonly string[] = []): Promise<RunningCli> {
  const common = ['worker', '--queue', redis.url, '--processes', '1', '--lock', '2s'];
  const worker = project.start([...common, ...args], { ownGroup: true });
  await until(() => worker.stderr().includes('takes shards from the queue'), 90_000);
  return worker;
}

const send = (worker: RunningCli, signal: NodeJS.Signals): boolean => process.kill(-worker.pid, signal);

/** Ends workers in order; each has to end with 0, and leave no child behind. */
async function endWorkers(workers: readonly RunningCli[]): Promise<void> {
  for (const worker of workers) worker.process.kill('SIGTERM');
  for (const worker of workers) expect((await worker.result).code).toBe(0);
}

/** Records of shards that lie in the folder of the only run. */
function recordsIn(project: Project): readonly { attempt: number; waitSeconds?: number; host?: string }[] {
  try {
    const [runId = ''] = readdirSync(project.path('out/sales/runs'));
    const folder = project.path('out/sales/runs', runId, 'shards');
    const names = readdirSync(folder).filter((name) => /^\d+\.json$/.test(name));
    return names.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
  } catch {
    return [];
  }
}

const records = (project: Project, count: number) => until(() => recordsIn(project).length >= count, 90_000);
const hashes = ({ output }: RunRecord): string[] => output.parts.map(({ sha256 }) => sha256);

describe('run --queue', () => {
  it('nothing is lost and the bytes are those of one machine, whatever dies, sleeps or restarts', async () => {
    const project = await makeProject();
    const workers = await Promise.all([1, 2, 3].map(() => startWorker(project)));
    const [killed, stopped, steady] = workers as [RunningCli, RunningCli, RunningCli];
    const run = project.run([...SHARDS, '--queue', redis.url]);
    await records(project, 5);
    send(killed, 'SIGKILL');
    send(stopped, 'SIGSTOP');
    await records(project, 10);
    await redis.restart();
    // Longer than its lock: others have its shard by now.
    await sleep(4500);
    send(stopped, 'SIGCONT');
    const record = await run;
    expect(record).toMatchObject({ status: 'published', rowsOut: 7000, shards: { total: 70, reused: 0 } });
    expect(hashes(record)).toEqual(hashes(local));
    await expectGoldenStore('sales', record.kv?.url ?? '', record.runId);
    expect(recordsIn(project)).toHaveLength(70);
    for (const { host, waitSeconds } of recordsIn(project)) {
      expect(host).toMatch(/./);
      expect(waitSeconds).toBeGreaterThanOrEqual(0);
    }
    await endWorkers([stopped, steady]);
    expect(childrenOf(steady.pid)).toEqual([]);
  });

  it('a run whose coordinator was killed is continued, with what workers did meanwhile', async () => {
    const project = await makeProject();
    const first = project.start(['run', ...SHARDS, '--queue', redis.url], { ownGroup: true });
    const worker = await startWorker(project);
    await records(project, 3);
    process.kill(-first.pid, 'SIGKILL');
    await first.result;
    const record = await project.run([...SHARDS, '--queue', redis.url]);
    expect(hashes(record)).toEqual(hashes(local));
    expect(record.shards.reused).toBeGreaterThan(2);
    expect(await project.runs()).toEqual([record.runId]);
    await endWorkers([worker]);
  });

  it('a worker that does not see the output folder refuses shards, and others compute them', async () => {
    const project = await makeProject();
    const blind = await startWorker(project, ['--output', project.path('elsewhere')]);
    const run = project.run(['--shard-rows', '1400', '--queue', redis.url]);
    await until(() => blind.stderr().includes('This machine does not see'), 90_000);
    const seeing = await startWorker(project);
    expect(await run).toMatchObject({ status: 'published', rowsOut: 7000 });
    await endWorkers([blind, seeing]);
  });

  it('a row that cannot be scored ends the run with its reason, and the rest is taken back', async () => {
    const project = await makeProject();
    const worker = await startWorker(project);
    const csv = readFileSync(project.path('fixtures/sales.csv'), 'utf8').split('\n');
    csv[30] = csv[30]?.replace(/,[a-z]+,([a-z]+)$/, ',nowhere,$1') ?? '';
    await project.write('t.csv', csv.join('\n'));
    const run = await project.serveBatch(['run', ...SHARDS, '--input', 't.csv', '--queue', redis.url]);
    expect(run.code).toBe(3);
    expect(run.stderr).toMatch(/Shard 0: .*region/);
    expect(await redis.cli('llen', 'bull:serve-batch:wait')).toBe('0');
    await endWorkers([worker]);
  });

  it('a Redis that may drop shards is refused, by the run, the worker and doctor', async () => {
    const project = await makeProject();
    await redis.cli('config', 'set', 'maxmemory-policy', 'allkeys-lru');
    const run = await project.serveBatch(['run', '--queue', redis.url]);
    const worker = await project.serveBatch(['worker', '--queue', redis.url]);
    const doctor = await project.serveBatch(['doctor', '--queue', redis.url]);
    await redis.cli('config', 'set', 'maxmemory-policy', 'noeviction');
    expect(doctor.code).toBe(7);
    expect(doctor.stdout).toMatch(/^Queue\n.+allkeys-lru/m);
    for (const { code, stderr } of [run, worker]) {
      expect(code).toBe(7);
      expect(stderr).toMatch(/maxmemory-policy allkeys-lru.+Set it to noeviction/);
    }
  });
});
