import { readdir, readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bindJob } from '../../src/config/bind-job.ts';
import { adHocJob } from '../../src/config/override-job.ts';
import { DEFAULT_SCHEDULE } from '../../src/config/sections/schedule.ts';
import { normaliseWaitFor } from '../../src/config/sections/wait-for.ts';
import { systemClock } from '../../src/core/effects.ts';
import type { MadeRun } from '../../src/jobs/hand-out/make-run.ts';
import type { RunRecord } from '../../src/runs/record/run-record.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import { type Azurite, startAzurite } from '../support/azurite.ts';
import { built } from '../support/built.ts';
import { startCeph } from '../support/ceph.ts';
import { inProcess } from '../support/in-process-workers.ts';
import { writeOnnx } from '../support/onnx.ts';
import { makeProject, type Project } from '../support/project.ts';

const { checkReadiness } = await built<typeof import('../../src/jobs/readiness/check-readiness.ts')>(
  'jobs/readiness/check-readiness.ts',
);

const RUN = ['--shard-rows', '2000', '--kv', 'none', '--columns', 'store,product,date'];

let azurite: Azurite;
let project: Project;

beforeAll(async () => {
  azurite = await startAzurite(['data', 'odd', 'models']);
  project = await makeProject();
  Object.assign(process.env, azurite.environment, { XDG_CACHE_HOME: project.path('cache') });
});
afterAll(async () => {
  await azurite.stop();
});

async function put(address: string, file: string): Promise<void> {
  const [, bucket = '', key = ''] = /^(\w+:\/\/[^/]+)\/(.*)$/.exec(address) ?? [];
  await (await openStorage(bucket)).put(key, await readFile(project.path(file)));
}

async function partsOf(...args: string[]): Promise<readonly string[]> {
  const { output } = await project.run(['sales', ...RUN, '--force', ...args]);
  return output.parts.map(({ sha256 }) => sha256);
}

describe('an input in a bucket', () => {
  it.each(['sales.parquet', 'sales.csv'])('gives the bytes of one in a folder: %s', async (name) => {
    await put(`az://data/week/${name}`, `fixtures/${name}`);
    const local = await partsOf('--input', `fixtures/${name}`, '--output', `local-${name}`);
    expect(await partsOf('--input', `az://data/week/${name}`, '--output', `remote-${name}`)).toEqual(local);
  });

  it('of S3 does so, too', async () => {
    const ceph = await startCeph(['data']);
    try {
      Object.assign(process.env, ceph.environment);
      await put('s3://data/sales.parquet', 'fixtures/sales.parquet');
      const local = await partsOf('--input', 'fixtures/sales.parquet', '--output', 'local-s3');
      expect(await partsOf('--input', 's3://data/sales.parquet', '--output', 'remote-s3')).toEqual(local);
    } finally {
      await ceph.stop();
    }
  });

  it('may be a glob or a prefix over keys with spaces, plus and percent signs, and folders that are columns', async () => {
    for (const region of ['north south', 'a+b', '100%', 'ü'])
      await put(`az://odd/t/part=${region}/x.parquet`, 'fixtures/sales.parquet');
    await put('az://odd/t/_temporary/0.parquet', 'fixtures/sales.csv');
    for (const input of ['az://odd/t/part=*/*.parquet', 'az://odd/t/']) {
      const { rowsIn } = await project.run(['sales', ...RUN, '--force', '--input', input, '--output', 'odd']);
      expect(rowsIn).toBe(28_000);
    }
    const { stdout, code } = await project.serveBatch([
      'run',
      'sales',
      ...RUN,
      '--input',
      'az://odd/t/',
      '--columns',
      'part',
      '--output',
      'odd',
      '--dry-run',
    ]);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('28,000 rows') });
  });

  it('that is replaced is another input, and one that is missing is named', async () => {
    await put('az://data/changing.parquet', 'fixtures/sales.parquet');
    const args = ['sales', ...RUN, '--input', 'az://data/changing.parquet', '--output', 'changing'];
    const first = await project.run(args);
    const again = await project.serveBatch(['run', ...args]);
    expect(again.stdout).toContain('Up to date');
    await put('az://data/changing.parquet', 'fixtures/sales.parquet');
    const second = await project.run(args);
    expect(second.runId).not.toBe(first.runId);
    const missing = await project.serveBatch([
      'run',
      'sales',
      ...RUN,
      '--input',
      'az://data/nothing.parquet',
      '--output',
      'm',
    ]);
    expect(missing).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('az://data/nothing.parquet does not exist'),
    });
    const bucket = await project.serveBatch([
      'run',
      'sales',
      ...RUN,
      '--input',
      'az://nowhere/x.parquet',
      '--output',
      'm',
    ]);
    expect(bucket).toMatchObject({ code: 2, stderr: expect.stringContaining('nowhere') });
  });

  it('names the address, not the copy, in what it says of damaged files and bad rows', async () => {
    await project.write('bad.csv', 'store,product,x\n1,2,3\n1,2\n');
    await put('az://data/bad.csv', 'bad.csv');
    const result = await project.serveBatch(['inspect', 'az://data/bad.csv']);
    expect(`${result.stdout}${result.stderr}`).toContain('az://data/bad.csv');
    expect(`${result.stdout}${result.stderr}`).not.toContain('/spool/');
    await put('az://data/cut.parquet', 'bad.csv');
    const cut = await project.serveBatch([
      'run',
      'sales',
      ...RUN,
      '--input',
      'az://data/cut.parquet',
      '--output',
      'cut',
    ]);
    expect(cut.code).not.toBe(0);
    expect(cut.stderr).toContain('az://data/cut.parquet');
    expect(cut.stderr).not.toContain('/spool/');
  });
});

describe('what else a job reads', () => {
  it('tables of features may lie in a bucket', async () => {
    for (const name of ['stores.csv', 'products.csv', 'demand.parquet', 'promos.csv'])
      await put(`az://data/tables/${name}`, `fixtures/${name}`);
    const job = await readFile(project.path('jobs/weekly-forecast.yaml'), 'utf8');
    await project.write(
      'jobs/remote.yaml',
      job
        .replaceAll('../fixtures/', 'az://data/tables/')
        .replaceAll('fixtures/', 'az://data/tables/')
        .replace('az://data/tables/sales.onnx', 'fixtures/sales.onnx')
        .replace('name: weekly-forecast', 'name: remote'),
    );
    const args = ['--occurrence', '2026-11-21', '--kv', 'none'];
    const local = await project.run(['weekly-forecast', ...args]);
    const remote = await project.run(['remote', ...args]);
    expect(remote.output.parts.map(({ sha256 }) => sha256)).toEqual(
      local.output.parts.map(({ sha256 }) => sha256),
    );
  });
});

describe('a model in a bucket', () => {
  const run = ['sales', ...RUN, '--input', 'fixtures/sales.parquet'];
  const model = 'az://models/week/sales.onnx';

  /** The copies on this machine, with what tells one that was written anew. */
  async function copies(): Promise<readonly string[]> {
    const names = await readdir(project.path('cache'), { recursive: true });
    const files = names.filter((name) => /\.(onnx|bin)$/.test(name));
    return Promise.all(
      files.map(async (name) => `${basename(name)} ${(await stat(project.path('cache', name))).ino}`),
    );
  }

  it('gives the bytes of one in a folder, and is copied once', async () => {
    await put(model, 'fixtures/sales.onnx');
    const local = await project.run([...run, '--output', 'local-model']);
    const remote = await project.run([...run, '--model', model, '--output', 'remote-model']);
    expect(remote.output.parts).toEqual(local.output.parts);
    expect(remote.model).toEqual({ ...local.model, path: model });
    const copied = await copies();
    expect(copied).toHaveLength(1);
    for (const args of [
      ['run', ...run, '--model', model, '--dry-run', '--output', 'm'],
      ['inspect', model],
    ]) {
      const { code, stdout, stderr } = await project.serveBatch(args);
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(stdout).toContain(model);
    }
    expect(await copies()).toEqual(copied);
  });

  it('that is replaced is refused by the shards of a plan, and makes another run', async () => {
    const args = [...run, '--model', model, '--output', 'replaced'];
    const planned = await project.serveBatch(['plan', ...args, '--json']);
    const { plan, runId } = JSON.parse(planned.stdout) as MadeRun;
    // Another sum of the same outputs.
    await put(model, 'fixtures/sales-by-column.onnx');
    const shard = await project.serveBatch(['shard', '--plan', plan ?? '', '--index', '0']);
    expect(shard).toMatchObject({ code: 3, stderr: expect.stringContaining(`The model ${model} changed`) });
    await put(model, 'fixtures/sales.onnx');
    const again = await project.serveBatch(['shard', '--plan', plan ?? '', '--index', '0']);
    expect(again).toMatchObject({ code: 0 });
    expect(await project.run(args)).toMatchObject({ runId, status: 'published' });
  });

  it('takes its weights from the objects beside it, and from nowhere else', async () => {
    const file = 'deep/w.bin';
    await writeOnnx(project.path('m.onnx'), {
      inputs: [{ name: 'price', elementType: 'float32', shape: ['rows', 1] }],
      outputs: [{ name: 'y', elementType: 'float32', shape: ['rows', 1] }],
      nodes: [{ operator: 'Mul', inputs: ['price', 'w'], outputs: ['y'] }],
      weights: [{ name: 'w', file, length: 1 }],
    });
    await put('az://models/outer/m.onnx', 'm.onnx');
    const alone = await makeProject({ jobs: {} });
    const args = ['run', '--model', 'az://models/outer/m.onnx', '--json'];
    const scored = async () => alone.serveBatch([...args, '--input', 'one.csv', '--kv', 'none']);
    await alone.write('one.csv', 'price\n2\n');
    const lacking = await scored();
    expect(lacking.code).toBe(3);
    expect(lacking.stderr).toContain('az://models/outer/deep/w.bin, which does not exist');
    expect(lacking.stderr).not.toContain(project.path('cache'));
    const hashes = new Set<string>();
    for (const factor of [3, 4]) {
      await project.write('w.bin', Buffer.from(new Float32Array([factor]).buffer));
      await put('az://models/outer/deep/w.bin', 'w.bin');
      const { code, stdout, stderr } = await scored();
      expect([code, stderr]).toEqual([0, '']);
      hashes.add((JSON.parse(stdout) as RunRecord).model.sha256);
      const sql = 'SELECT y FROM "m"';
      const found = await alone.serveBatch(['query', sql, '--format', 'csv']);
      expect(found.stdout).toBe(`y\n${2 * factor}.0\n`);
    }
    expect(hashes.size).toBe(2);
  });

  it.each([
    ['az://models/none.onnx', 3, 'There is no model az://models/none.onnx'],
    ['az://models', 3, 'There is no model az://models'],
    ['az://nowhere/m.onnx', 2, 'the bucket does not exist'],
  ])('that is not there is named: %s', async (address, code, says) => {
    for (const args of [
      ['run', ...run, '--model', address, '--output', 'm'],
      ['inspect', `${address}`],
    ]) {
      if (args[0] === 'inspect' && !address.endsWith('.onnx')) continue;
      const result = await project.serveBatch(args);
      expect(result).toMatchObject({ code, stderr: expect.stringContaining(says) });
    }
  });
});

describe('waiting for objects', () => {
  const check = async (...waitFor: Parameters<typeof normaliseWaitFor>[0] & object) => {
    const schedule = { ...DEFAULT_SCHEDULE, cron: '0 0 * * *', waitFor: normaliseWaitFor(waitFor, '/') };
    const spec = { ...adHocJob({ model: 'm.onnx', inputs: ['az://data/wait/t.csv'] }), schedule };
    const bound = bindJob(spec, { occurrence: new Date('2026-11-21T00:00:00Z'), now: new Date() });
    const { signal } = new AbortController();
    const effects = { clock: systemClock, signal, startWorkers: inProcess.start };
    return (await checkReadiness(bound, effects)).conditions;
  };

  it('an object, a glob, what lies below a prefix, and how old the newest of them is', async () => {
    await project.write('ok', 'ok');
    await put('az://data/wait/2026-11-21/_SUCCESS', 'ok');
    const files = ['2026-11-21/_SUCCESS', '*/_SUCC*', '2026-11-21', '2026-11-21/', '{{ occurrence.date }}/*'];
    const there = await check(...files.map((file) => ({ file: `az://data/wait/${file}`, maxAge: '1h' })));
    expect(there.map(({ isMet }) => isMet)).toEqual(files.map(() => true));
    expect(there[0]).toEqual({
      condition: 'file az://data/wait/2026-11-21/_SUCCESS, changed within 1h',
      isMet: true,
      found: expect.stringMatching(/^changed at 20/),
    });
    const not = await check(
      { file: 'az://data/wait/{{ occurrence.date + 1d }}/_SUCCESS' },
      { file: 'az://data/wait/2026-11-2' },
      { file: 'az://data/wait/2026-11-21/_SUCCESS', unchangedFor: '1h' },
      { file: 'az://nowhere/x' },
    );
    expect(not.map(({ isMet }) => isMet)).toEqual([false, false, false, false]);
    expect(not.map(({ found }) => found)).toEqual([
      'not there',
      'not there',
      expect.stringMatching(/^changed at/),
      expect.stringContaining('the bucket does not exist'),
    ]);
  });

  it('tables by their address, and the input', async () => {
    await project.write('t.csv', 'a\n1\n2\n');
    await put('az://data/wait/t.csv', 't.csv');
    await put('az://data/wait/t.parquet', 'fixtures/sales.parquet');
    const states = await check(
      { table: 'input', rows: 2 },
      { table: 'az://data/wait/t.parquet', column: 'store', distinct: 10 },
      { table: 'az://data/wait/t.parquet', rows: 7001 },
      { table: 'az://data/wait/none.csv', rows: 1 },
      { sql: '(SELECT sum(a) FROM input) = 3' },
    );
    expect(states.map(({ isMet }) => isMet)).toEqual([true, true, false, false, true]);
    expect(states[3]?.found).toContain('az://data/wait/none.csv');
  });
});
