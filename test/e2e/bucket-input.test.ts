import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStorage } from '../../src/storage/open-storage.ts';
import { type Azurite, startAzurite } from '../support/azurite.ts';
import { startCeph } from '../support/ceph.ts';
import { makeProject, type Project } from '../support/project.ts';

const RUN = ['--shard-rows', '2000', '--kv', 'none', '--columns', 'store,product,date'];

let azurite: Azurite;
let project: Project;

beforeAll(async () => {
  azurite = await startAzurite(['data', 'odd']);
  Object.assign(process.env, azurite.environment);
  project = await makeProject();
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

  it('a model may not: it says so', async () => {
    const result = await project.serveBatch([
      'run',
      'sales',
      '--model',
      'az://data/sales.onnx',
      '--kv',
      'none',
    ]);
    expect(result).toMatchObject({ code: 3, stderr: expect.stringContaining('A model is read from a file') });
  });
});
