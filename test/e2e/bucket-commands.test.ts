import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { MadeRun } from '../../src/jobs/hand-out/make-run.ts';
import type { RunRecord } from '../../src/runs/record/run-record.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import { JOB, sold, week } from '../jobs/accuracy/weekly-project.ts';
import { type Azurite, startAzurite } from '../support/azurite.ts';
import { identityGraph, writeOnnx } from '../support/onnx.ts';
import { makeProject, type Project } from '../support/project.ts';
import { startRedis } from '../support/redis-server.ts';
import { BucketOutput } from './bucket.ts';

let azurite: Azurite;
let project: Project;

beforeAll(async () => {
  azurite = await startAzurite(['commands', 'hands', 'ticks', 'jobs']);
  Object.assign(process.env, azurite.environment);
  project = await makeProject();
  process.env.XDG_CACHE_HOME = project.path('cache');
});
afterAll(async () => {
  await azurite.stop();
});

/** Runs a command that has to succeed, and gives what it prints. */
async function output(args: readonly string[], where = project): Promise<string> {
  const { code, stdout, stderr } = await where.serveBatch(args);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  expect(`${stdout}${stderr}`).not.toContain('serve-batch-bucket-');
  return stdout;
}

describe('commands with runs in a bucket', () => {
  const bucket = new BucketOutput('az://commands/out');
  const at = ['--output', bucket.address];
  const run = ['sales', '--shard-rows', '2000', '--kv', 'lmdb:kv', ...at];
  let runIds: string[] = [];

  beforeAll(async () => {
    const records = [await project.run(run)];
    for (let more = 0; more < 3; more++) records.push(await project.run([...run, '--force']));
    runIds = records.map(({ runId }) => runId);
  });

  it('list, show and query them', async () => {
    const listed = JSON.parse(await output(['runs', 'ls', '--json', ...at])) as { runId: string }[];
    expect(listed.map(({ runId }) => runId)).toEqual(runIds.toReversed());
    const [last = ''] = runIds.slice(-1);
    expect(await output(['runs', 'show', last, ...at])).toContain(`${bucket.address}/sales/runs/${last}`);
    expect(await output(['runs', 'logs', last, ...at])).toContain('the command ends: computed');
    const query = (sql: string) => output(['query', sql, '--format', 'csv', ...at]);
    expect(await query('SELECT count(*) AS n, count(DISTINCT store) AS s FROM sales')).toBe('n,s\n7000,10\n');
    expect(await query('SELECT count(*) AS n FROM shards')).toBe('n\n16\n');
    expect(await output(['report', last, '-o', '-', ...at])).toContain('</html>');
  });

  it('roll back, publish and prune them', async () => {
    const [oldest = '', second = '', third = '', newest = ''] = runIds;
    await output(['rollback', 'sales', '--kv', 'lmdb:kv', ...at]);
    expect(await bucket.published()).toMatchObject({ runId: third });
    await output(['publish', newest, '--kv', 'lmdb:kv', ...at]);
    expect(await bucket.published()).toMatchObject({ runId: newest });
    expect(
      await output(['lookup', 'sales', 'store=1', 'product=1', 'date=2026-11-21', '--kv', 'lmdb:kv', ...at]),
    ).toContain(newest);
    await output(['runs', 'prune', '--keep', '2', '--job', 'sales', '--kv', 'lmdb:kv', ...at]);
    const kept = await bucket.runs();
    expect(kept).toContain(newest);
    expect(kept.length).toBeLessThan(4);
    expect(kept.includes(oldest) && kept.includes(second)).toBe(false);
    for (const runId of runIds.filter((each) => !kept.includes(each)))
      expect(await bucket.keys(`sales/runs/${runId}/`)).toEqual([]);
  });

  it('plan without writing anything', async () => {
    const before = await bucket.keys();
    expect(await output(['run', ...run, '--dry-run'])).toContain('sales');
    expect(await bucket.keys()).toEqual(before);
  });
});

it('shards are handed out and computed by their address', async () => {
  const bucket = new BucketOutput('az://hands/out');
  const at = ['--output', bucket.address, '--kv', 'none'];
  const local = await project.run(['sales', '--shard-rows', '3500', '--output', 'local', '--kv', 'none']);
  const made = JSON.parse(
    await output(['plan', 'sales', '--shard-rows', '3500', '--json', ...at]),
  ) as MadeRun;
  expect(made.plan).toBe(`${bucket.address}/sales/runs/${made.runId}/plan.json`);
  await output(['shard', '--plan', made.plan ?? '', '--group', '0']);
  const early = await project.serveBatch(['finish', made.runId ?? '', ...at]);
  expect(early).toMatchObject({ code: 5, stderr: expect.stringContaining('lacks 1 of 2 shards: 1') });
  await output(['shard', '--plan', made.plan ?? '', '--group', '1']);
  await output(['finish', made.runId ?? '', ...at]);
  const published = await bucket.published();
  expect(published?.record.output.parts).toEqual(local.output.parts);
  const odd = await project.serveBatch(['shard', '--plan', 'az://hands/plan.json', '--group', '0']);
  expect(odd).toMatchObject({ code: 2, stderr: expect.stringContaining('OUTPUT/JOB/runs/RUN/plan.json') });
});

it('what is due runs once, and its occurrence is kept in the bucket', async () => {
  const bucket = new BucketOutput('az://ticks/out');
  const scheduled = await makeProject({
    jobs: {
      daily: [
        'name: daily',
        'input: fixtures/sales.parquet',
        'model: fixtures/sales-by-column.onnx',
        `output: ${bucket.address}`,
        'schedule: {cron: "* * * * *", catchup: latest}',
      ].join('\n'),
    },
  });
  const tick = await scheduled.serveBatch(['tick']);
  const names = await bucket.keys('daily/');
  expect(names).toContain('daily/schedule.json');
  expect(names.filter((key) => key.startsWith('daily/occurrences/')).length).toBeGreaterThan(0);
  const occurrences = await scheduled.serveBatch(['runs', 'occurrences', '--json']);
  expect(JSON.parse(occurrences.stdout).length, tick.stderr).toBeGreaterThan(0);
  const paused = await scheduled.serveBatch(['jobs', 'pause', 'daily', '--reason', 'a test']);
  expect(paused.code).toBe(0);
  expect(await bucket.text('daily/pause.json')).toContain('a test');
  await scheduled.serveBatch(['jobs', 'resume', 'daily']);
  expect(await bucket.keys('daily/pause.json')).toEqual([]);
});

it('a canary answers beside the published run, and is promoted and rolled back', async () => {
  const bucket = new BucketOutput('az://jobs/canary');
  const at = ['--kv', 'lmdb:canary', '--output', bucket.address];
  const first = await project.run(['sales', ...at]);
  const next = await project.run(['sales', '--force', '--no-publish', ...at]);
  await output(['publish', next.runId, '--canary', '30%', ...at]);
  expect(JSON.parse(await bucket.text('sales/canary.json'))).toMatchObject({ runId: next.runId });
  expect(await bucket.published()).toMatchObject({ runId: first.runId });
  const runs = new Set<string>();
  for (let product = 1; product < 12; product++) {
    const key = ['store=1', `product=${product}`, 'date=2026-11-21'];
    const found = await output(['lookup', 'sales', ...key, '--json', '--kv', 'lmdb:canary']);
    runs.add((JSON.parse(found) as { readonly run: string }).run);
  }
  expect(runs).toEqual(new Set([first.runId, next.runId]));
  await output(['promote', 'sales', ...at]);
  expect(await bucket.published()).toMatchObject({ runId: next.runId });
  expect(await bucket.keys('sales/canary.json')).toEqual([]);
  await output(['rollback', 'sales', ...at]);
  expect(await bucket.published()).toMatchObject({ runId: first.runId });
});

it('an incremental job adds to its store, and knows in the bucket what it has taken', async () => {
  const grows = await makeProject({
    jobs: {
      grows: [
        'input: {path: data.csv, incremental: {column: n, lateness: 3}, csv: {types: {price: DOUBLE}}}',
        'model: identity.onnx',
        'features: {columns: [price]}',
        'output: {path: az://jobs/out, columns: [n, day, price]}',
        'kv: {url: "lmdb:kv", key: "{day}", field: "{n}", values: [price]}',
      ].join('\n'),
    },
  });
  await writeOnnx(grows.path('identity.onnx'), identityGraph(1));
  const run = async (...rows: readonly number[]): Promise<string> => {
    const lines = rows.map((n) => `${n},d1,${n / 8}`);
    await grows.write('data.csv', `n,day,price\n${lines.join('\n')}\n`);
    return output(['run', 'grows'], grows);
  };
  const series = async (): Promise<number> =>
    (await output(['lookup', 'grows', 'day=d1'], grows)).split('\n').filter((line) => /^\d/.test(line))
      .length;
  expect(await run(0, 1, 2, 4)).toContain('4 in, 4 out');
  const second = await run(0, 1, 2, 3, 4, 5, 6);
  expect(second).toMatch(/3 in, 3 out[\s\S]*with those of run/);
  expect(second).toMatch(/late rows +1 row with n up to 4 came after the run before; this run takes them/);
  expect(await series()).toBe(7);
  expect(await run(0, 1, 2, 3, 4, 5, 6)).toContain('Nothing new');
  expect(await run(1, 2, 3, 4, 5, 6, 7)).toMatch(
    /late rows +at least 1 row that the run before counted is gone/,
  );
  const counted = ['query', 'SELECT count(*) AS n FROM grows', '--format', 'csv'];
  expect(await output(counted, grows)).toBe('n\n8\n');
  await output(['rollback', 'grows'], grows);
  expect(await series()).toBe(7);
});

it('backfilled runs are scored, and intervals are made of their errors, as in a folder', async () => {
  const PRODUCTS = 20;
  const scored = await Promise.all(
    ['out', 'az://jobs/weeks'].map(async (place) => {
      const job = `${JOB.replace('path: out', `path: ${place}`)}intervals: {level: 80%, least: 40, min: 0}\n`;
      const jobs = { week: `${job}schedule: {cron: "0 0 * * 6", catchup: none}\n` };
      const weeks = await makeProject({ jobs, fixtures: false });
      await weeks.write(
        'jobs/week.yaml',
        jobs.week.replace('kv: {', `kv: {url: "lmdb:${weeks.path('kv')}", `),
      );
      await weeks.write('week.csv', week(-7, PRODUCTS));
      await output(['backfill', 'week', '--from', '2026-11-14', '--to', '2026-11-14'], weeks);
      await weeks.write('sold/before.csv', sold(-28, 0, 0, PRODUCTS));
      await output(['tick'], weeks);
      const figures = JSON.parse(await output(['evaluate', 'week', '--json'], weeks)) as readonly object[];
      await weeks.write('week.csv', week(0, PRODUCTS));
      const { output: made } = await weeks.run(['week', '--occurrence', '2026-11-21']);
      const counts = 'SELECT count(*) AS n, count(sales_lower_80) AS bounds FROM week';
      const rows = await output(['query', counts, '--format', 'csv'], weeks);
      const says = await output(['query', 'SELECT count(*) AS n FROM accuracy', '--format', 'csv'], weeks);
      return { figures: figures.length, parts: made.parts, rows, says };
    }),
  );
  const [folder, bucket] = scored;
  expect(bucket).toEqual(folder);
  expect(bucket).toMatchObject({ figures: 1, rows: 'n,bounds\n280,280\n' });
});

it('workers at a queue fetch plan, input and model, and the command that hands out ends', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const bucket = new BucketOutput('az://jobs/queue');
  const storage = await openStorage('az://jobs');
  for (const name of ['sales.parquet', 'sales.onnx'])
    await storage.put(name, await readFile(project.path('fixtures', name)));
  const elsewhere = await makeProject({ jobs: {}, fixtures: false });
  const env = { XDG_CACHE_HOME: elsewhere.path('cache') };
  const worker = elsewhere.start(['worker', '--queue', redis.url, '--processes', '1'], { env });
  const where = ['--input', 'az://jobs/sales.parquet', '--model', 'az://jobs/sales.onnx', '--kv', 'none'];
  const run = ['sales', '--shard-rows', '3500', ...where];
  const handed = [...run, '--output', bucket.address, '--queue', redis.url, '--json'];
  const { code, stdout, stderr } = await project.inOwnProcess(['run', ...handed], { env });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const local = await project.run([...run, '--output', 'local-queue']);
  expect((JSON.parse(stdout) as RunRecord).output.parts).toEqual(local.output.parts);
  worker.process.kill('SIGTERM');
  expect(await worker.result).toMatchObject({ code: 0 });
});
