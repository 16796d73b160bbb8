import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/kv/open-store.ts';
import { leftoversIn, until } from '../support/processes.ts';
import { makeProject, type Project } from '../support/project.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { startStallingProxy } from '../support/stalling-proxy.ts';
import { startUntilShards } from './kill-after-shards.ts';
import { releasedLock } from './released-lock.ts';

// The built program, since what is wrong here keeps its process alive: many more shards wait for the store
// than there are children.
const SHARDS = 40;

let redis: RedisServer;
let project: Project;
let runId: string;
beforeAll(async () => {
  redis = await startRedis({ args: ['--maxmemory-policy', 'noeviction'] });
  project = await makeProject();
  const record = await project.run(['--shard-rows', '175']);
  expect(record.shards.total).toBe(SHARDS);
  runId = record.runId;
});
afterAll(async () => {
  await redis.stop();
});

async function stagedShards(of: string): Promise<number> {
  const store = openStore({ url: redis.url, job: 'sales' });
  try {
    return (await store.stagedShards(of)).size;
  } finally {
    await store.close();
  }
}

async function expectClosed(): Promise<void> {
  expect(await leftoversIn(project.folder)).toEqual([]);
  expect(releasedLock(project, 'sales')).toBe(true);
}

describe('publish, where the store fails', () => {
  it('ends with 7 once it is full, and nothing goes on', async () => {
    await redis.cli('config', 'set', 'maxmemory', '1');
    const { code, stderr } = await project.serveBatch(['publish', runId, '--kv', redis.url]);
    await redis.cli('config', 'set', 'maxmemory', '0');
    expect(code, stderr).toBe(7);
    expect(stderr).toContain('raise maxmemory');
    await expectClosed();
    expect(await stagedShards(runId)).toBe(0);
  });
});

describe('run, where the store is full after a while', () => {
  // The record is printed, and after it the error that has the exit code.
  it('ends with 7 and says why, also where the reader of standard output has gone', async () => {
    const running = await startUntilShards(
      project,
      ['run', '--json', '--force', '--shard-rows', '175', '--kv', redis.url],
      4,
    );
    running.process.stdout?.destroy();
    await redis.cli('config', 'set', 'maxmemory', '1');
    const { code, stderr } = await running.result;
    await redis.cli('config', 'set', 'maxmemory', '0');
    expect(code, stderr).toBe(7);
    expect(stderr).toMatch(/^error: .*raise maxmemory/m);
    await expectClosed();
  });
});

describe('Ctrl-C while loads of the store wait', () => {
  /** The first connection is that of the program itself; those of its children hang. */
  async function interrupt(args: readonly string[], run: string): Promise<void> {
    const staged = await stagedShards(run);
    const proxy = await startStallingProxy(redis.port, 1);
    const url = `redis://127.0.0.1:${proxy.port}`;
    const running = project.start([...args, '--kv', url], { ownGroup: true });
    await until(() => proxy.held() > 0);
    process.kill(-running.pid, 'SIGINT');
    const { code, stderr } = await running.result;
    await proxy.close();
    expect(code, stderr).toBe(130);
    expect(stderr).toContain('error: Ended by SIGINT');
    await expectClosed();
    expect(await stagedShards(run)).toBe(staged);
    expect(await redis.cli('get', 'sales:current')).toBe('');
  }

  it('publish ends with 130 and stages nothing more', async () => {
    await interrupt(['publish', runId], runId);
  });

  it('run ends with 130, long before the grace is over', async () => {
    const newest = (await project.runs()).at(-1) ?? '';
    await interrupt(['run', '--shard-rows', '175', '--grace', '1h'], newest);
  });
});
