import { cp } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MadeRun } from '../../src/jobs/hand-out/make-run.ts';
import type { RunningCli } from '../support/cli.ts';
import { leftoversIn } from '../support/processes.ts';
import { makeProject, type Project } from '../support/project.ts';
import { startSilentServer } from '../support/silent-server.ts';

const JOB = `input: fixtures/sales.parquet
model: fixtures/sales-by-column.onnx
`;
const STORED = `${JOB}kv: {key: "{store}:{product}", field: "{date}"}\n`;
const IN_BUCKET = `${JOB}output: s3://bucket/out\nschedule: "* * * * *"\n`;

/** Commands whose other side, a Redis or a bucket, accepts and never answers. */
const OF_STORE = [
  ['publish', 'RUN'],
  ['rollback', 'stored'],
  ['runs', 'prune', '--store'],
  ['lookup', 'stored', 'store=1', 'product=2'],
  ['shard', '--plan', 'PLAN', '--index', '0'],
];
const OF_BUCKET = [
  ['runs', 'ls'],
  ['doctor'],
  ['inspect', 's3://bucket/sales.parquet'],
  ['tick', '--grace', '0'],
  ['schedule', '--grace', '0'],
  ['backfill', 'plain', '--from', '2026-11-21', '--to', '2026-11-21', '--grace', '0'],
];

// All at once: they wait.
describe.concurrent('SIGTERM ends a command, though the other side accepts and never answers', () => {
  const projects: Project[] = [];
  let withStore: Project;
  let inBucket: Project;
  let runId = '';
  let plan = '';

  beforeAll(async () => {
    withStore = await makeProject({ jobs: { stored: STORED } });
    inBucket = await makeProject({ jobs: { plain: IN_BUCKET } });
    ({ runId } = await withStore.run(['stored']));
    await withStore.run(['stored', '--force']);
    const { stdout } = await withStore.serveBatch(['plan', 'stored', '--force', '--json']);
    plan = (JSON.parse(stdout) as MadeRun).plan ?? '';
    projects.push(withStore, inBucket);
  });
  afterAll(async () => {
    for (const { folder } of projects) expect(await leftoversIn(folder)).toEqual([]);
  });

  it.each(OF_STORE)('%s %s: a store', async (...args) => {
    const words = args.map((word) => (word === 'RUN' ? runId : word === 'PLAN' ? plan : word));
    // They take the lock of the job: each has runs of its own.
    const project = await makeProject({ jobs: {}, fixtures: false });
    projects.push(project);
    await cp(withStore.folder, project.folder, { recursive: true, verbatimSymlinks: true });
    await expectEnds((port) => project.start([...words, '--kv', `redis://127.0.0.1:${port}`]));
  });

  it('worker: a queue', async () => {
    await expectEnds((port) =>
      withStore.start(['worker', '--queue', `redis://127.0.0.1:${port}`, '--grace', '0']),
    );
  });

  it.each(OF_BUCKET)('%s %s: a bucket', async (...args) => {
    const login = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'us-east-1' };
    await expectEnds((port) =>
      inBucket.start(args, { env: { ...login, AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` } }),
    );
  });

  async function expectEnds(start: (port: number) => RunningCli): Promise<void> {
    let asked = (): void => {};
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const server = await startSilentServer(() => asked());
    const running = start(server.port);
    await Promise.race([isAsked, running.result]);
    running.process.kill('SIGTERM');
    const { code, stderr } = await running.result;
    await server.close();
    expect(code, stderr).toBe(143);
    expect(stderr).toContain('Ended by SIGTERM.');
  }
});
