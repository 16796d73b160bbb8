import { copyFile, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { bindJob } from '../../../src/config/bind-job.ts';
import { adHocJob } from '../../../src/config/override-job.ts';
import { systemClock } from '../../../src/core/effects.ts';
import type { MadeRun } from '../../../src/jobs/hand-out/make-run.ts';
import { rangesOf } from '../../../src/jobs/hand-out/nobody.ts';
import { specForDispatch, specOfDispatch } from '../../../src/jobs/hand-out/spec-of-dispatch.ts';
import { openStore } from '../../../src/kv/open-store.ts';
import { fenceOf } from '../../../src/publish/publish-run.ts';
import { acquireLock } from '../../../src/runs/lock/lock.ts';
import type { RunRecord } from '../../../src/runs/record/run-record.ts';
import { expectGoldenStore } from '../../support/golden.ts';
import { makeProject, type Project } from '../../support/project.ts';

const URL = 'redis://:hunter2@cache:6379';
const SHARDS = ['--shard-rows', '1400'];

/** To start one costs more than its shards. */
const ONE_TASK = ['--groups', '1'];

/** What another command made of the same job: the parts have to be the same, byte for byte. */
let local: RunRecord;
let localCsv: RunRecord;
beforeAll(async () => {
  const project = await makeProject();
  local = await project.run(SHARDS);
  localCsv = await project.run([...SHARDS, '--input', 'fixtures/sales.csv']);
});

async function plan(project: Project, args: readonly string[] = [], stdin?: string): Promise<MadeRun> {
  const options = stdin === undefined ? {} : { stdin };
  const { code, stdout, stderr } = await project.serveBatch(['plan', ...SHARDS, ...args, '--json'], options);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as MadeRun;
}

/** As a task of an array job. */
function task(project: Project, made: MadeRun, index: number, more: readonly string[] = []) {
  const args = ['shard', '--plan', made.plan ?? '', '--dispatch', String(made.dispatch), ...more];
  return project.serveBatch(args, { env: { JOB_COMPLETION_INDEX: String(index) } });
}

async function computeAll(project: Project, made: MadeRun): Promise<void> {
  for (const group of made.groups.keys()) expect((await task(project, made, group)).code).toBe(0);
}

async function finish(project: Project, made: MadeRun, args: readonly string[] = []): Promise<RunRecord> {
  const { code, stdout, stderr } = await project.serveBatch(['finish', made.runId ?? '', '--json', ...args]);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as RunRecord;
}

const hashes = ({ output }: RunRecord): string[] => output.parts.map(({ sha256 }) => sha256);
const folderOf = (made: MadeRun): string => join(made.plan ?? '', '..');

describe('plan, shard and finish', () => {
  let project: Project;
  let made: MadeRun;
  let record: RunRecord;
  beforeAll(async () => {
    project = await makeProject();
    made = await plan(project, ['--groups', '3']);
  });

  it('plan makes a run and says what is missing, in groups', () => {
    expect(made).toMatchObject({ outcome: 'planned', job: 'sales', dispatch: 1, rows: 7000 });
    expect(made).toMatchObject({ shards: 5, missing: 5, groups: [[0], [1, 2], [3, 4]] });
    expect(made.plan).toBe(project.path('out/sales/runs', made.runId ?? '', 'plan.json'));
  });

  it('finish names the shards that are missing, changes nothing, and exits with 5', async () => {
    expect((await task(project, made, 1)).stdout).toMatch(/^Shard 1: 1,400 rows, 0 rejects\nShard 2: /);
    const { code, stderr } = await project.serveBatch(['finish', made.runId ?? '']);
    expect(code).toBe(5);
    expect(stderr).toMatch(/lacks 3 of 5 shards: 0, 3-4\. Nothing was published\..+serve-batch plan sales/);
    expect(await readdir(folderOf(made))).not.toContain('failure.json');
    expect(await project.published()).toBeNull();
  });

  it('a shard that is committed is left as it is', async () => {
    const file = join(folderOf(made), 'shards/00001.json');
    const before = await readFile(file, 'utf8');
    expect((await task(project, made, 1)).code).toBe(0);
    expect(await readFile(file, 'utf8')).toBe(before);
  });

  it('the same bytes as on one machine, in parts and store', async () => {
    await computeAll(project, made);
    record = await finish(project, made);
    expect(record).toMatchObject({ runId: made.runId, status: 'published', rowsOut: 7000 });
    expect(record.shards).toEqual({ total: 5, reused: 0, retried: 0, inStatement: 5 });
    expect(hashes(record)).toEqual(hashes(local));
    expect(record.throughputRowsPerSecond).toBeGreaterThan(0);
    expect((await project.published())?.runId).toBe(made.runId);
    await expectGoldenStore('sales', record.kv?.url ?? '', made.runId ?? '');
  });

  it('a late task of a finished run has nothing to do, and finishing again changes nothing', async () => {
    const part = join(folderOf(made), 'parts/part-00003.parquet');
    const before = await stat(part);
    expect((await task(project, made, 2)).code).toBe(0);
    expect((await stat(part)).ino).toBe(before.ino);
    expect(await finish(project, made)).toEqual(record);
    const again = await plan(project);
    expect(again).toMatchObject({ outcome: 'complete', runId: made.runId, missing: 0, groups: [] });
  });

  it('the records say which machine computed a shard', async () => {
    const text = await readFile(join(folderOf(made), 'shards/00001.json'), 'utf8');
    expect(JSON.parse(text).host).toMatch(/./);
  });
});

it('a task that loads the store leaves it to whoever took the job over meanwhile, and ends well', async () => {
  const project = await makeProject();
  const made = await plan(project, ['--groups', '2']);
  const url = `lmdb:${project.path('elsewhere')}`;
  expect((await task(project, made, 0, ['--kv', url])).stdout).toContain('loaded into the store');

  const lock = await acquireLock(project.path('out/sales'), { clock: systemClock });
  const store = openStore({ url, job: 'sales' });
  await store.claim(fenceOf(lock));
  await store.close();
  const late = await task(project, made, 1, ['--kv', url]);
  await lock.release();
  expect(late).toMatchObject({ code: 0, stderr: expect.stringContaining('is left to the process that') });
  expect(late.stdout).not.toContain('loaded into the store');
});

describe('a dispatch list', () => {
  it('keeps its numbers when the run is handed out again', async () => {
    const project = await makeProject();
    const first = await plan(project);
    expect((await task(project, first, 0)).code).toBe(0);
    const second = await plan(project);
    expect(second).toMatchObject({
      runId: first.runId,
      dispatch: 2,
      missing: 4,
      groups: [[1], [2], [3], [4]],
    });
    expect((await task(project, first, 1)).stdout).toMatch(/^Shard 1:/);
    expect((await task(project, second, 1)).stdout).toMatch(/^Shard 2:/);
    const unsaid = await project.serveBatch(['shard', '--plan', first.plan ?? '', '--index', '1']);
    expect(unsaid.code).toBe(2);
    expect(unsaid.stderr).toMatch(/was handed out 2 times.+Say which one with --dispatch, from 1 to 2/);
  });

  it('an array may have more tasks than it has groups', async () => {
    const project = await makeProject();
    const made = await plan(project, ['--groups', '2']);
    const spare = await task(project, made, 7);
    expect(spare).toMatchObject({ code: 0, stdout: 'Nothing to do: the dispatch list has no such group.\n' });
    expect((await task(project, made, 0, ['--group', '7'])).code).toBe(2);
    expect((await task(project, made, 0, ['--group', '0', '--index', '0'])).code).toBe(2);
    const nothing = await project.serveBatch(['shard', '--plan', made.plan ?? '']);
    expect(nothing).toMatchObject({ code: 2 });
    expect(nothing.stderr).toContain('JOB_COMPLETION_INDEX');
  });

  it('holds no password of the store and no address of a webhook', async () => {
    const project = await makeProject();
    const job = await readFile(project.path('jobs/sales.yaml'), 'utf8');
    await project.write('jobs/sales.yaml', `${job}\nheartbeat: https://example.org/secret-path\n`);
    const made = await plan(project);
    const text = await readFile(join(folderOf(made), 'dispatch/0001.json'), 'utf8');
    expect(text).not.toContain('secret-path');
    const spec = bindJob(adHocJob({ model: 'm.onnx', inputs: ['t.csv'], kv: URL, key: ['store'] }), {
      occurrence: null,
      now: new Date(),
    });
    const written = specForDispatch(spec);
    expect(JSON.stringify(written)).not.toContain('hunter2');
    const read = (declared: string | null, given: string | null = null) =>
      specOfDispatch({ spec: written }, '/out/job', { declared, given }).kv?.url;
    expect(read(URL)).toBe(URL);
    expect(read('redis://:hunter2@elsewhere:6379')).toBe('redis://cache:6379');
    expect(read(URL, 'redis://given:1')).toBe('redis://given:1');
  });
});

describe('what other machines are refused', () => {
  it('another version of the programs', async () => {
    const project = await makeProject();
    const made = await plan(project);
    const planned = JSON.parse(await readFile(made.plan ?? '', 'utf8'));
    planned.versions.onnxruntime = '1.2.3';
    await writeFile(made.plan ?? '', JSON.stringify(planned));
    for (const { code, stderr } of [
      await task(project, made, 0),
      await project.serveBatch(['finish', made.runId ?? '']),
    ]) {
      expect(code).toBe(3);
      expect(stderr).toMatch(/planned with onnxruntime-node 1\.2\.3, and this machine has \d/);
    }
  });

  it('another model, and another input', async () => {
    const project = await makeProject({ fixtures: false });
    const fixtures = join(import.meta.dirname, '../../../fixtures');
    await copyFile(join(fixtures, 'sales-by-column.onnx'), project.path('m.onnx'));
    await copyFile(join(fixtures, 'sales.parquet'), project.path('t.parquet'));
    const job = ['--model', 'm.onnx', '--input', 't.parquet'];
    await rm(project.path('jobs'), { recursive: true });
    const made = await plan(project, job);
    await copyFile(join(fixtures, 'sales.onnx'), project.path('m.onnx'));
    const model = await task(project, made, 0);
    expect(model).toMatchObject({ code: 3 });
    expect(model.stderr).toMatch(/The model m\.onnx changed since the run was planned/);
    await copyFile(join(fixtures, 'sales-by-column.onnx'), project.path('m.onnx'));
    await copyFile(join(fixtures, 'sales.csv'), project.path('t.parquet'));
    const input = await task(project, made, 0);
    expect(input).toMatchObject({ code: 3 });
    expect(input.stderr).toMatch(/t\.parquet/);
    expect(await readdir(folderOf(made))).not.toContain('parts');
  });

  it('nothing for a working folder of their own: paths are those of the command that planned', async () => {
    const project = await makeProject();
    await rm(project.path('jobs'), { recursive: true });
    const job = ['--model', 'fixtures/sales-by-column.onnx', '--input', 'fixtures/sales.parquet'];
    const made = await plan(project, [...job, ...ONE_TASK]);
    const elsewhere = await makeProject({ fixtures: false });
    await computeAll(elsewhere, made);
    const record = await finish(elsewhere, made, ['--output', project.path('out')]);
    expect(record).toMatchObject({ status: 'published', rowsOut: 7000 });
    expect(record.output.path).toContain(project.folder);
  });

  it('two plans at once: one has the lock', async () => {
    const project = await makeProject();
    const lock = await acquireLock(project.path('out/sales'), { clock: systemClock });
    const { code } = await project.serveBatch(['plan', '--json']);
    await lock.release();
    expect(code).toBe(6);
  });
});

describe('inputs that are copied first', () => {
  it('the copy lies in the folder of the run, where all machines see it', async () => {
    const project = await makeProject();
    const made = await plan(project, [...ONE_TASK, '--input', 'fixtures/sales.csv']);
    await computeAll(project, made);
    expect(hashes(await finish(project, made))).toEqual(hashes(localCsv));
  });

  it('standard input, too; the same stream continues the run', async () => {
    const project = await makeProject();
    const csv = await readFile(project.path('fixtures/sales.csv'), 'utf8');
    const made = await plan(project, ['--input', '-'], csv);
    expect((await task(project, made, 2)).code).toBe(0);
    const again = await plan(project, [...ONE_TASK, '--input', '-'], csv);
    expect(again).toMatchObject({ runId: made.runId, missing: 4 });
    await computeAll(project, again);
    expect(hashes(await finish(project, made))).toEqual(hashes(localCsv));
  });
});

describe('finish', () => {
  it('does not take readers back to a run that was planned before theirs', async () => {
    const project = await makeProject();
    const made = await plan(project, ONE_TASK);
    await computeAll(project, made);
    // Ids tell seconds: the next one has to be later.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const newer = await project.run([...SHARDS, '--no-resume']);
    expect(newer.runId > (made.runId ?? '')).toBe(true);
    expect(await finish(project, made)).toMatchObject({ status: 'committed' });
    expect((await project.published())?.runId).toBe(newer.runId);
    expect(await finish(project, made, ['--publish'])).toMatchObject({ status: 'published' });
    expect((await project.published())?.runId).toBe(made.runId);
  });

  it('joins the parts where the output is one file, and needs no job file', async () => {
    const project = await makeProject();
    await rm(project.path('jobs'), { recursive: true });
    const job = ['--model', 'fixtures/sales-by-column.onnx', '--input', 'fixtures/sales.parquet'];
    const made = await plan(project, [...job, ...ONE_TASK, '--output', 'p.parquet']);
    await computeAll(project, made);
    const record = await finish(project, made, ['--output', 'p.parquet']);
    expect(record.output.path).toBe(project.path('p.parquet'));
    expect((await stat(project.path('p.parquet'))).size).toBeGreaterThan(1000);
  });

  it('leaves runs to run that were not handed out', async () => {
    const project = await makeProject();
    const made = await plan(project);
    await rm(join(folderOf(made), 'dispatch'), { recursive: true });
    const { code, stderr } = await project.serveBatch(['finish', made.runId ?? '']);
    expect(code).toBe(2);
    expect(stderr).toContain('serve-batch run sales');
    expect((await project.run(SHARDS)).runId).toBe(made.runId);
  });

  it('limits rejects as run does', async () => {
    const project = await makeProject();
    const csv = await readFile(project.path('fixtures/sales.csv'), 'utf8');
    const [header, first = '', ...rest] = csv.split('\n');
    await project.write('bad.csv', [header, `${first},,,`, ...rest].join('\n'));
    const made = await plan(project, [...ONE_TASK, '--input', 'bad.csv', '--on-invalid', 'reject:0']);
    await computeAll(project, made);
    const { code, stderr } = await project.serveBatch(['finish', made.runId ?? '']);
    expect(code).toBe(5);
    expect(stderr).toContain('onInvalid.max allows 0');
    expect(await project.published()).toBeNull();
  });
});

it('shards are named in ranges', () => {
  expect(rangesOf([0, 1, 2, 5, 7, 8])).toEqual(['0-2', '5', '7-8']);
  expect(rangesOf([])).toEqual([]);
});
