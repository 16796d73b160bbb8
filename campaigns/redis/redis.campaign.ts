import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { committedShards } from '../../test/e2e/kill-after-shards.ts';
import { until } from '../../test/support/processes.ts';
import { makeProject, type Project } from '../../test/support/project.ts';
import { startRedisPair } from '../../test/support/redis-pair.ts';
import { type RedisServer, startRedis } from '../../test/support/redis-server.ts';

const LOOKUP = ['lookup', 'sales', 'store=2', 'product=3', 'date=2026-11-24'];
const SHARDS = 140;
/** A busy machine takes its time. */
const PATIENCE_MS = 300_000;
const MANY = ['--force', '--shard-rows', '50', '--processes', '1'];

/** Starts a second run, and answers once some of its shards are committed and loaded, and most are not. */
async function runHalfWay(project: Project, url: string, args: readonly string[] = MANY) {
  const before = new Set(runsOf(project));
  const running = project.start(['run', ...args, '--kv', url]);
  const runId = await until(() => runsOf(project).find((each) => !before.has(each)), PATIENCE_MS);
  await until(() => committedShards(project, runId, 'sales') >= 10, PATIENCE_MS);
  expect(committedShards(project, runId, 'sales')).toBeLessThan(SHARDS);
  return { running, runId };
}

function runsOf(project: Project): readonly string[] {
  const folder = project.path('out/sales/runs');
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** What readers get, and of which run. */
async function shown(project: Project, url: string): Promise<string> {
  const { code, stdout, stderr } = await project.serveBatch([...LOOKUP, '--kv', url]);
  expect(code, stderr).toBe(0);
  return stdout;
}

async function expectUntouched(project: Project, url: string, runId: string): Promise<void> {
  expect(await shown(project, url)).toContain(`from run ${runId}`);
  expect((await project.published())?.runId).toBe(runId);
}

/** The same command again finishes the run, and readers see it. */
async function expectFinished(project: Project, url: string, runId: string): Promise<void> {
  const { code, stderr } = await project.serveBatch(['publish', runId, '--kv', url]);
  if (code !== 0) expect((await project.run([...MANY.slice(1), '--kv', url])).runId, stderr).toBe(runId);
  expect(await shown(project, url)).toContain(`from run ${runId}`);
}

/** A primary with its replica, which has a published run; the next one has loaded half of its shards. */
async function halfWayIntoPair() {
  const pair = await startRedisPair();
  onTestFinished(() => pair.stop());
  const project = await makeProject();
  const old = await project.run(['--kv', pair.url]);
  await pair.replicated();
  return { pair, project, old, ...(await runHalfWay(project, pair.url)) };
}

describe('while a run loads Redis', () => {
  it('its primary is killed, the replica refuses writes for a while, and is promoted', async () => {
    const { pair, project, old, running, runId } = await halfWayIntoPair();
    await pair.failOver();
    const { code, stderr } = await running.result;
    expect(code, stderr).toBe(7);
    expect(stderr).toMatch(/READONLY|does not answer|was lost|closed/);
    await expectUntouched(project, pair.url, old.runId);
    await pair.promote();
    await expectUntouched(project, pair.url, old.runId);
    await expectFinished(project, pair.url, runId);
  });

  it('its primary is killed, and the replica is promoted at once', async () => {
    const { pair, project, old, running, runId } = await halfWayIntoPair();
    await pair.promote();
    await pair.failOver();
    const { code, stderr } = await running.result;
    expect([0, 7], stderr).toContain(code);
    if (code === 7) await expectUntouched(project, pair.url, old.runId);
    await expectFinished(project, pair.url, runId);
  });

  it('the password changes', async () => {
    const redis = await startedRedis();
    await redis.cli('ACL', 'SETUSER', 'jobs', 'on', '>first', '~*', '+@all');
    const withPassword = (password: string): string =>
      redis.url.replace('redis://', `redis://jobs:${password}@`);
    const project = await makeProject();
    const old = await project.run(['--kv', withPassword('first')]);
    const { running, runId } = await runHalfWay(project, withPassword('first'));
    await redis.cli('ACL', 'SETUSER', 'jobs', 'resetpass', '>second');
    const { code, stderr } = await running.result;
    expect(code, stderr).toBe(7);
    expect(stderr).toMatch(/WRONGPASS.*Check user name and password/);
    await expectUntouched(project, withPassword('second'), old.runId);
    await expectFinished(project, withPassword('second'), runId);
  });

  it('it is silent for 30 seconds, and then goes on', async () => {
    const redis = await startedRedis();
    const project = await makeProject();
    const old = await project.run(['--kv', redis.url]);
    const { running, runId } = await runHalfWay(project, redis.url);
    const pid = Number(/process_id:(\d+)/.exec(await redis.cli('INFO', 'server'))?.[1]);
    process.kill(pid, 'SIGSTOP');
    await sleep(30_000);
    process.kill(pid, 'SIGCONT');
    const { code, stderr } = await running.result;
    expect(code, stderr).toBe(7);
    expect(stderr).toMatch(/does not answer/);
    await expectUntouched(project, redis.url, old.runId);
    await expectFinished(project, redis.url, runId);
  });
});

async function startedRedis(): Promise<RedisServer> {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  return redis;
}
