import { copyFileSync, mkdirSync, readdirSync, utimesSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../support/azurite.ts';
import { startCeph } from '../support/ceph.ts';
import { startHeedlessS3 } from '../support/heedless-s3.ts';
import { childrenOf, leftoversIn } from '../support/processes.ts';
import { makeProject, type Project } from '../support/project.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { BucketOutput } from './bucket.ts';

/** More of them: `npm run campaign:bucket`. */
const INSTANTS = Number(process.env.BUCKET_INSTANTS ?? 2);
const SEED = 7;
const SHARDS = 7;
const RUN = ['run', 'sales', '--shard-rows', '1000', '--processes', '2', '--kv', 'none'];

let azurite: Azurite;
let project: Project;
/** Of a run into a folder of this machine. */
let localParts: readonly string[];
let durationMs = 0;

beforeAll(async () => {
  azurite = await startAzurite(['golden', 'kills', 'rivals', 'commands', 'csv']);
  Object.assign(process.env, azurite.environment);
  project = await makeProject();
  const { output } = await project.run([...RUN.slice(1), '--output', 'local']);
  localParts = output.parts.map(({ sha256 }) => sha256);
});
afterAll(async () => {
  await azurite.stop();
});

function outputIn(container: string): BucketOutput {
  return new BucketOutput(`az://${container}/out`);
}

describe('a run into a bucket', () => {
  it('has the bytes of one into a folder, and the layout that is documented', async () => {
    const bucket = outputIn('golden');
    const TMPDIR = project.path('temporary');
    mkdirSync(TMPDIR);
    const result = await project.inOwnProcess([...RUN, '--output', bucket.address], { env: { TMPDIR } });
    expect(result).toMatchObject({ code: 0 });
    const [runId = ''] = await bucket.runs();
    const folder = `sales/runs/${runId}`;
    const numbers = Array.from({ length: SHARDS }, (_, index) => String(index).padStart(5, '0'));
    expect(await bucket.keys()).toEqual(
      [
        ...[
          'sales/current',
          'sales/locks/00000001.json',
          'sales/locks/lineage',
          'sales/published/00000001.json',
        ],
        ...['_SUCCESS', 'log.jsonl', 'plan.json', 'published.json', 'run.json'].map(
          (name) => `${folder}/${name}`,
        ),
        ...numbers.map((each) => `${folder}/parts/part-${each}.parquet`),
        ...numbers.map((each) => `${folder}/shards/${each}.json`),
      ].sort(),
    );
    const parts = numbers.map((each) => bucket.sha256(`${folder}/parts/part-${each}.parquet`));
    expect(await Promise.all(parts)).toEqual(localParts);
    expect(await bucket.published()).toMatchObject({
      runId,
      record: { status: 'published', rowsOut: 7000, output: { path: `${bucket.address}/${folder}` } },
    });
    expect((await bucket.text('sales/current')).trim()).toBe(runId);
    expect(result.stdout).toContain(`${bucket.address}/${folder}`);
    // Nothing tells where this machine has shown the bucket, and nothing of it is left.
    for (const key of (await bucket.keys()).filter((each) => !each.endsWith('.parquet')))
      expect(await bucket.text(key)).not.toContain('serve-batch-bucket-');
    expect(`${result.stdout}${result.stderr}`).not.toContain('serve-batch-bucket-');
    expect(readdirSync(TMPDIR).filter((name) => name.startsWith('serve-batch-'))).toEqual([]);
  });

  it('is up to date when it is asked for again, and computed anew with --force', async () => {
    const bucket = outputIn('golden');
    const again = await project.serveBatch([...RUN, '--output', bucket.address]);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('Up to date') });
    const forced = await project.run([...RUN.slice(1), '--output', bucket.address, '--force']);
    expect(await bucket.published()).toMatchObject({ runId: forced.runId });
    expect(await bucket.keys('sales/published/')).toHaveLength(2);
    expect(forced.output.parts.map(({ sha256 }) => sha256)).toEqual(localParts);
  });

  it('from CSV keeps its typed copy in the bucket until it is committed', async () => {
    const bucket = outputIn('csv');
    const run = [...RUN.slice(1), '--input', 'fixtures/sales.csv', '--output'];
    const local = await project.run([...run, 'local-csv']);
    const remote = await project.run([...run, bucket.address]);
    expect(remote.output.parts).toEqual(local.output.parts);
    expect(await bucket.keys(`sales/runs/${remote.runId}/staged/`)).toEqual([]);
  });

  it('needs a store outside of the bucket, and says so before anything is written', async () => {
    const bucket = outputIn('csv');
    const before = await bucket.keys();
    const result = await project.serveBatch(['run', 'sales', '--output', bucket.address]);
    expect(result).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('LMDB store cannot be in a bucket'),
    });
    const file = await project.serveBatch([...RUN, '--output', `${bucket.address}/week.parquet`]);
    expect(file).toMatchObject({ code: 2, stderr: expect.stringContaining('one file in a bucket') });
    expect(await bucket.keys()).toEqual(before);
  });

  it('of S3 has the same bytes, and is up to date afterwards', async () => {
    const ceph = await startCeph(['data']);
    try {
      const args = [...RUN, '--output', 's3://data/out'];
      Object.assign(process.env, ceph.environment);
      const { output } = await project.run(args.slice(1));
      expect(output.parts.map(({ sha256 }) => sha256)).toEqual(localParts);
      const again = await project.serveBatch(args);
      expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('Up to date') });
      const { stdout } = await project.serveBatch(['runs', 'ls', '--output', 's3://data/out']);
      expect(stdout).toMatch(/sales .* published +7,000/);
    } finally {
      await ceph.stop();
    }
  });

  it('is refused where the storage passes over conditions: nothing is written', async () => {
    const heedless = await startHeedlessS3(['data']);
    try {
      Object.assign(process.env, heedless.environment);
      const result = await project.serveBatch([...RUN, '--output', 's3://data/out']);
      expect(result).toMatchObject({ code: 7, stderr: expect.stringContaining('ignores conditions') });
      expect(await new BucketOutput('s3://data').keys()).toEqual([]);
    } finally {
      await heedless.stop();
    }
  });
});

const random = seededRandom(SEED);
const instants = Array.from({ length: INSTANTS }, (_, index) => ({
  index,
  victim: random() < 0.67 ? ('parent' as const) : ('child' as const),
  share: 0.15 + 0.9 * random(),
  which: random(),
}));

let touched = 0;
/** The same bytes at another time are another input: a new run, whose parts must be the same. */
function setInput(): void {
  const path = project.path('week.parquet');
  copyFileSync(project.path('fixtures/sales.parquet'), path);
  touched++;
  utimesSync(path, 1_700_000_000 + touched, 1_700_000_000 + touched);
}

describe(`kill -9 at ${INSTANTS} random instants of a run into a bucket (seed ${SEED})`, () => {
  const bucket = outputIn('kills');
  const run = [...RUN, '--input', 'week.parquet', '--output', bucket.address];

  beforeAll(async () => {
    setInput();
    const start = performance.now();
    await project.inOwnProcess(run);
    durationMs = performance.now() - start;
  });

  it.each(instants)('$index: the $victim at $share of the run', async ({ victim, share, which }) => {
    const before = await bucket.published();
    const known = new Set(await bucket.runs());
    setInput();
    const running = project.start(run);
    await sleep(share * durationMs);
    const children = childrenOf(running.pid);
    const target = victim === 'parent' ? running.pid : children[Math.floor(which * children.length)];
    try {
      if (target !== undefined) process.kill(target, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
    const killed = await running.result;
    if (victim === 'child') expect(killed).toMatchObject({ code: 0, signal: null });
    expect(await leftoversIn(project.folder)).toEqual([]);

    const begun = (await bucket.runs()).filter((runId) => !known.has(runId));
    expect(begun.length).toBeLessThanOrEqual(1);
    const [runId] = begun;
    const published = await bucket.published();
    expect([before?.runId, runId]).toContain(published?.runId);
    for (const { file, sha256 } of published?.record.output.parts ?? [])
      expect(await bucket.sha256(`sales/runs/${published?.runId}/${file}`)).toBe(sha256);
    const keys = runId === undefined ? [] : await bucket.keys(`sales/runs/${runId}/`);
    const isCommitted = keys.some((key) => key.endsWith('/run.json'));
    const shards = keys.filter((key) => key.includes('/shards/')).length;

    const next = await project.run([...run.slice(1)]);
    if (keys.some((key) => key.endsWith('/plan.json'))) expect(next.runId).toBe(runId);
    if (!isCommitted) expect(next.shards).toMatchObject({ total: SHARDS, reused: shards });
    expect(next).toMatchObject({ status: 'published', rowsOut: 7000 });
    expect(next.output.parts.map(({ sha256 }) => sha256)).toEqual(localParts);
    for (const { file, sha256 } of next.output.parts)
      expect(await bucket.sha256(`sales/runs/${next.runId}/${file}`)).toBe(sha256);
    expect(await bucket.published()).toMatchObject({ runId: next.runId });
  });
});

describe('two runs into one bucket', () => {
  const bucket = outputIn('rivals');
  // Of twice as many shards, so that a run is at work long enough to be stopped.
  const run = [...RUN, '--shard-rows', '500', '--output', bucket.address];

  /** Starts a run, and stops it once so many of its shards are committed. */
  async function startAndStop(args: readonly string[], shards: number) {
    const known = new Set(await bucket.runs());
    const running = project.start(args);
    for (;;) {
      const runId = (await bucket.runs()).find((each) => !known.has(each));
      if (runId !== undefined && (await bucket.shards(runId)).length >= shards) {
        process.kill(running.pid, 'SIGSTOP');
        return { ...running, runId };
      }
      if (running.process.exitCode !== null) throw new Error(`it has ended: ${running.stderr()}`);
      await sleep(20);
    }
  }

  it('at once: the second one is told who is at work', async () => {
    const first = await startAndStop([...run, '--input', 'fixtures/sales.csv'], 1);
    const second = await project.serveBatch(run);
    expect(second).toMatchObject({
      code: 6,
      stderr: expect.stringContaining(`process ${first.pid} on ${hostname()}`),
    });
    process.kill(first.pid, 'SIGCONT');
    expect(await first.result).toMatchObject({ code: 0 });
    expect(await bucket.published()).toMatchObject({ runId: first.runId });
  });

  it('one that was asleep while another one took over publishes nothing', async () => {
    const first = await startAndStop([...run, '--force'], 2);
    // As a machine that is gone leaves it: nobody can look up whether its holder is alive.
    const claim = (await bucket.keys('sales/locks/')).filter((key) => key.endsWith('.json')).at(-1) ?? '';
    await bucket.put(claim, JSON.stringify({ released: true }));
    const second = await project.run(run.slice(1));
    expect(second.runId).toBe(first.runId);
    expect(second.shards.reused).toBeGreaterThanOrEqual(2);
    const third = await project.run([...run.slice(1), '--force']);
    process.kill(first.pid, 'SIGCONT');
    expect(await first.result).toMatchObject({ code: 6, stderr: expect.stringContaining('took over') });
    expect(await bucket.published()).toMatchObject({ runId: third.runId });
    expect((await bucket.text('sales/current')).trim()).toBe(third.runId);
    for (const { file, sha256 } of second.output.parts)
      expect(await bucket.sha256(`sales/runs/${second.runId}/${file}`)).toBe(sha256);
  });
});
