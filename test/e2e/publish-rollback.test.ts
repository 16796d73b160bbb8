import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, rm } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLookup } from '../../src/index.ts';
import { openStore } from '../../src/kv/open-store.ts';
import { makeProject, type Project, temporaryFolder } from '../support/project.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { startUntilShards } from './kill-after-shards.ts';
import { runSql } from './sales-tables.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await redis.stop();
});

/** Three weeks that differ in every prediction. */
async function makeWeeks(): Promise<Project> {
  const project = await makeProject();
  await copyFile(project.path('fixtures/sales.parquet'), project.path('week-0.parquet'));
  for (const week of [1, 2])
    await runSql([
      `COPY (SELECT * REPLACE (lag_7 + ${10 * week} AS lag_7) FROM '${project.path('fixtures/sales.parquet')}')
       TO '${project.path(`week-${week}.parquet`)}' (FORMAT parquet)`,
    ]);
  return project;
}

const KEY = { store: '2', product: '3', date: '2026-11-24' };
const LOOKUP = [
  'lookup',
  'sales',
  ...Object.entries(KEY).map(([name, value]) => `${name}=${value}`),
  '--json',
];

describe('what a killed process left in the folder of a run', () => {
  it('is cleared by the next command, whether or not it has something to do', async () => {
    const project = await makeProject();
    const { runId } = await project.run([]);
    const left = project.path(`out/sales/runs/${runId}/tmp`);
    for (const args of [['run'], ['publish', runId]]) {
      await mkdir(left);
      expect((await project.serveBatch(args)).code).toBe(0);
      expect(existsSync(left)).toBe(false);
    }
  });
});

describe.each(['LMDB', 'Redis'] as const)('publish and rollback with %s', (store) => {
  let project: Project;
  let kv: string[];
  let url: string;
  const runs: string[] = [];
  const values: number[] = [];
  beforeAll(async () => {
    project = await makeWeeks();
    kv = store === 'Redis' ? ['--kv', redis.url] : [];
    url = store === 'Redis' ? redis.url : `lmdb:${project.path('out/sales/kv')}`;
    for (const week of [0, 1, 2]) {
      runs.push((await project.run(['--input', `week-${week}.parquet`, ...kv])).runId);
      values.push((await shown()).value);
    }
    expect(new Set(values).size).toBe(3);
  });

  async function shown(): Promise<{ run: string; value: number }> {
    const { stdout } = await project.serveBatch([...LOOKUP, ...kv]);
    const { run, value } = JSON.parse(stdout);
    return { run, value };
  }

  /** The folder, the store by command and the store by library say the same. */
  async function expectPublished(week: number): Promise<void> {
    expect((await project.published())?.runId).toBe(runs[week]);
    expect(await shown()).toEqual({ run: runs[week], value: values[week] });
    const lookup = createLookup({ job: 'sales', url });
    expect(await lookup.get(KEY)).toMatchObject({ run: runs[week], value: values[week] });
    await lookup.close();
  }

  async function generations(): Promise<readonly string[]> {
    const reader = openStore({ url, job: 'sales' });
    try {
      return [...(await reader.generations())].sort();
    } finally {
      await reader.close();
    }
  }

  async function statuses(): Promise<string[]> {
    const { stdout } = await project.serveBatch(['runs', 'ls', '--json']);
    const summaries: { runId: string; status: string }[] = JSON.parse(stdout);
    return runs.map((runId) => summaries.find((each) => each.runId === runId)?.status ?? 'missing');
  }

  it('keeps the generations of the last two published runs', async () => {
    await expectPublished(2);
    expect(await generations()).toEqual(runs.slice(1));
    expect(await statuses()).toEqual(['superseded', 'superseded', 'published']);
  });

  it('rollback makes the run before the published one again', async () => {
    const { code, stdout } = await project.serveBatch(['rollback', 'sales', ...kv]);
    expect(code).toBe(0);
    expect(stdout).toContain(`Rolled back from ${runs[2]} to ${runs[1]}`);
    await expectPublished(1);
    expect(await statuses()).toEqual(['superseded', 'published', 'rolled back']);
  });

  it('the same command leaves a rolled back run alone, and says how to publish it', async () => {
    const { code, stdout } = await project.serveBatch(['run', '--input', 'week-2.parquet', ...kv]);
    expect(code).toBe(0);
    expect(stdout).toContain(`serve-batch publish ${runs[2]}`);
    await expectPublished(1);
  });

  it('rollback goes further back: a generation that was dropped is loaded again from its parts', async () => {
    const { code } = await project.serveBatch(['rollback', 'sales', ...kv]);
    expect(code).toBe(0);
    await expectPublished(0);
    expect(await statuses()).toEqual(['published', 'rolled back', 'rolled back']);
    const further = await project.serveBatch(['rollback', 'sales', ...kv]);
    expect(further.code).toBe(4);
    expect(further.stderr).toContain('has no earlier run to roll back to');
  });

  it('publish RUN makes any committed run the published one; the beginning of its id is enough', async () => {
    const id = runs[2] ?? '';
    const { code } = await project.serveBatch(['publish', id.slice(0, -1), ...kv]);
    expect(code).toBe(0);
    await expectPublished(2);
  });
});

describe('a store that goes down during the run', () => {
  let project: Project;
  let runId: string;
  const args = ['--shard-rows', '350', '--kv'];
  /** What the run left; each test completes it. */
  let left: string;

  beforeAll(async () => {
    project = await makeProject();
    const running = await startUntilShards(project, ['run', ...args, redis.url], 2);
    ({ runId } = running);
    await redis.kill();
    const { code, stderr, stdout } = await running.result;
    expect(code).toBe(7);
    expect(stderr).toContain(`Redis at 127.0.0.1:${redis.port} does not answer`);
    expect(stdout).toContain(`Run ${runId} of sales: committed`);
    await redis.restart();
    left = await temporaryFolder();
    await cp(project.path('out'), left, { recursive: true });
  });
  beforeEach(async () => {
    await redis.cli('FLUSHALL');
    await rm(project.path('out'), { recursive: true });
    await cp(left, project.path('out'), { recursive: true });
    expect(await project.published()).toBeNull();
    const list = await project.serveBatch(['runs', 'ls', '--json']);
    expect(JSON.parse(list.stdout)).toMatchObject([{ runId, status: 'committed' }]);
  });

  it('publish completes the run without computing', async () => {
    const { code, stdout } = await project.serveBatch(['publish', runId, '--kv', redis.url, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      runId,
      status: 'published',
      kv: { keys: 1000, values: 7000 },
    });
    expect((await project.published())?.runId).toBe(runId);
  });

  it('the same command completes it too, and computes nothing', async () => {
    const { code, stdout } = await project.serveBatch(['run', ...args, redis.url]);
    expect(code).toBe(0);
    expect(stdout).toContain(`Run ${runId} of sales was already scored; it is now published`);
    expect(await project.runs()).toEqual([runId]);
  });
});
