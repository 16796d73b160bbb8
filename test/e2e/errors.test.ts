import { readdirSync } from 'node:fs';
import { copyFile, readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLookup } from '../../src/index.ts';
import { until } from '../support/processes.ts';
import { makeProject, type Project } from '../support/project.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { BAD_CASES, writeBadInputs } from './bad-inputs.ts';
import { committedShards } from './kill-after-shards.ts';

let project: Project;
let publishedRun: string;

beforeAll(async () => {
  project = await makeProject();
  await writeBadInputs(project);
  publishedRun = (await project.run([])).runId;
  await project.run(['sales-by-column']);
  const { folder } = (await project.published()) ?? { folder: '' };
  // Under names that the cases know, for `shard`.
  await symlink(join(folder, 'plan.json'), project.path('plan.json'));
  await copyFile(join(folder, 'plan.json'), project.path('copied-plan.json'));
});

async function publishedGeneration(): Promise<string> {
  const lookup = createLookup({ job: 'sales', url: `lmdb:${project.path('out/sales/kv')}` });
  try {
    return (await lookup.info()).generation;
  } finally {
    await lookup.close();
  }
}

/** All files below out/ but the locks, of which each command takes a new one, and the index, which any may write. */
async function outputFiles(): Promise<string[]> {
  const entries = await readdir(project.path('out'), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/\/(locks|kv)\/|\/plans\.jsonl$/.test(path))
    .sort();
}

describe('what a user gets wrong is explained, and nothing is published', () => {
  it.each(BAD_CASES)('$what', async ({ args, exitCode, says, leavesFailedRun }) => {
    const before = await outputFiles();
    const { code, stdout, stderr } = await project.serveBatch(args);
    for (const text of says) expect(stderr).toMatch(typeof text === 'string' ? quoted(text) : text);
    expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+/m);
    expect({ code, stdout }).toEqual({ code: exitCode, stdout: '' });
    expect((await project.published())?.runId).toBe(publishedRun);
    expect(await publishedGeneration()).toBe(publishedRun);
    if (!leavesFailedRun) expect(await outputFiles()).toEqual(before);
    else expect(await statusOfNewest()).toBe('failed');
  });

  it('a stack trace comes with --debug only', async () => {
    const { stderr } = await project.serveBatch(['run', '--input', 'empty.csv', '--debug']);
    expect(stderr).toMatch(/^code: INPUT_EMPTY$/m);
    expect(stderr).toMatch(/^\s+at .*:\d+:\d+/m);
  });

  it('--kv without a key says so, in a folder without jobs', async () => {
    const bare = await makeProject({ jobs: {} });
    const args = ['run', '--model', 'fixtures/sales-by-column.onnx', '--input', 'fixtures/sales.parquet'];
    const { code, stderr } = await bare.serveBatch([...args, '--kv', 'lmdb:store']);
    expect(code).toBe(2);
    expect(stderr).toContain('--kv lmdb:store is given, but no key');
    expect(stderr).toContain('--key store,product --field date');
    expect(await readdir(bare.folder)).toEqual(['fixtures']);
  });
});

async function statusOfNewest(): Promise<string> {
  const { stdout } = await project.serveBatch(['runs', 'ls', '--job', 'sales', '--json']);
  return JSON.parse(stdout)[0].status;
}

function quoted(text: string): RegExp {
  return new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
}

describe('a store that refuses', () => {
  const servers: RedisServer[] = [];
  afterAll(async () => {
    for (const server of servers) await server.stop();
  });
  async function start(options: Parameters<typeof startRedis>[0]): Promise<RedisServer> {
    const server = await startRedis(options);
    servers.push(server);
    return server;
  }

  it('the connection: ends with 7 before anything is computed', async () => {
    const server = await start({});
    await server.kill();
    const before = await outputFiles();
    const { code, stdout, stderr } = await project.serveBatch(['run', '--force', '--kv', server.url]);
    expect({ code, stdout }).toEqual({ code: 7, stdout: '' });
    expect(stderr).toContain(`Redis at 127.0.0.1:${server.port} does not answer`);
    expect(stderr).toContain('Check that it runs');
    expect(await outputFiles()).toEqual(before);
  });

  it('the password: ends with 7 before anything is computed, and never shows it', async () => {
    const { port } = await start({ password: 'correct' });
    const before = await outputFiles();
    const url = `redis://:wr0ng-guess@127.0.0.1:${port}`;
    for (const debug of [[], ['--debug']]) {
      const { code, stdout, stderr } = await project.serveBatch(['run', '--force', '--kv', url, ...debug]);
      expect({ code, stdout }).toEqual({ code: 7, stdout: '' });
      expect(stderr).toContain(`Redis at 127.0.0.1:${port} refuses`);
      expect(stderr).toContain('Check user name and password');
      expect(stderr).not.toContain('wr0ng-guess');
    }
    expect(await outputFiles()).toEqual(before);
  });

  it('the write: the run is committed and not published, and publish completes it later', async () => {
    const full = await start({ args: ['--maxmemory-policy', 'noeviction'] });
    const before = new Set(await project.runs());
    const run = project.serveBatch(['run', '--force', '--json', '--shard-rows', '500', '--kv', full.url]);
    await until(() =>
      readdirSync(project.path('out/sales/runs')).some(
        (each) => !before.has(each) && committedShards(project, each, 'sales') > 0,
      ),
    );
    await full.cli('CONFIG', 'SET', 'maxmemory', '1');
    const { code, stdout, stderr } = await run;
    expect(code).toBe(7);
    expect(stderr).toMatch(/Redis at 127\.0\.0\.1:\d+ refuses: OOM/);
    expect(stderr).toContain('raise maxmemory');
    const { runId, status } = JSON.parse(stdout);
    expect(status).toBe('committed');
    expect((await project.published())?.runId).toBe(publishedRun);
    await full.cli('CONFIG', 'SET', 'maxmemory', '0');
    const published = await project.serveBatch(['publish', runId, '--kv', full.url, '--json']);
    expect(published.code).toBe(0);
    expect(JSON.parse(published.stdout)).toMatchObject({ runId, status: 'published', kv: { values: 7000 } });
    expect((await project.published())?.runId).toBe(runId);
  });
});
