import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MadeRun } from '../../src/jobs/hand-out/make-run.ts';
import { type Azurite, startAzurite } from '../support/azurite.ts';
import { makeProject, type Project } from '../support/project.ts';
import { BucketOutput } from './bucket.ts';

let azurite: Azurite;
let project: Project;

beforeAll(async () => {
  azurite = await startAzurite(['commands', 'hands', 'ticks']);
  Object.assign(process.env, azurite.environment);
  project = await makeProject();
});
afterAll(async () => {
  await azurite.stop();
});

/** Runs a command that has to succeed, and gives what it prints. */
async function output(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await project.serveBatch(args);
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
