import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeProject, type Project } from '../support/project.ts';
import { runSql } from './sales-tables.ts';

let project: Project;
beforeAll(async () => {
  project = await makeProject({ jobs: {} });
  await runSql([
    `COPY (SELECT * REPLACE (lag_7 + 10 AS lag_7) FROM '${project.path('fixtures/sales.parquet')}')
     TO '${project.path('other.parquet')}' (FORMAT parquet)`,
  ]);
});

const JOB = ['--model', 'fixtures/sales-by-column.onnx', '--output', 'week.parquet'];
const KEYS = ['--key', 'store,product', '--field', 'date'];

async function hash(name: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(project.path(name)))
    .digest('hex');
}

async function inspect(name: string): Promise<{ rows: number; columns: { name: string }[] }> {
  const { stdout } = await project.serveBatch(['inspect', name, '--json']);
  return JSON.parse(stdout);
}

describe('--output NAME.parquet', () => {
  it('makes one file of all parts; all else lies in a hidden folder beside it', async () => {
    const record = await project.run([
      ...JOB,
      ...KEYS,
      '--input',
      'fixtures/sales.parquet',
      '--shard-rows',
      '900',
    ]);
    expect(record.output.parts).toHaveLength(8);
    expect(record.output.path).toBe('week.parquet');
    expect((await readdir(project.folder)).sort()).toEqual([
      '.serve-batch',
      'fixtures',
      'other.parquet',
      'week.parquet',
    ]);
    const { rows, columns } = await inspect('week.parquet');
    expect(rows).toBe(7000);
    expect(columns.map(({ name }) => name)).toEqual(['store', 'product', 'date', 'sales']);
  });

  it('replaces it when a new run is published, and brings the old one back with rollback and publish', async () => {
    const first = await hash('week.parquet');
    const record = await project.run([...JOB, ...KEYS, '--input', 'other.parquet', '--shard-rows', '900']);
    const second = await hash('week.parquet');
    expect(second).not.toBe(first);

    const output = ['--output', 'week.parquet'];
    const rolledBack = await project.serveBatch(['rollback', 'sales-by-column', ...output]);
    expect(rolledBack.code).toBe(0);
    expect(rolledBack.stdout).toContain(`Rolled back from ${record.runId} to `);
    expect(await hash('week.parquet')).toBe(first);

    expect((await project.serveBatch(['publish', record.runId, ...output])).code).toBe(0);
    expect(await hash('week.parquet')).toBe(second);
  });

  it('has a store beside it, which lookup finds', async () => {
    const args = [
      'lookup',
      'sales-by-column',
      'store=1',
      'product=1',
      'date=2026-11-21',
      '--output',
      'week.parquet',
    ];
    expect((await project.serveBatch(args)).code).toBe(0);
  });

  it('is written again by the same run where somebody deleted it', async () => {
    const args = ['run', ...JOB, ...KEYS, '--input', 'other.parquet', '--shard-rows', '900'];
    const before = await hash('week.parquet');
    await rm(project.path('week.parquet'));
    expect((await project.serveBatch(args)).code).toBe(0);
    expect(await hash('week.parquet')).toBe(before);
  });

  it('is left as it was by a run that fails', async () => {
    const before = await hash('week.parquet');
    const { code } = await project.serveBatch(['run', ...JOB, ...KEYS, '--input', 'fixtures/products.csv']);
    expect(code).toBe(3);
    expect(await hash('week.parquet')).toBe(before);
  });
});

describe('--output NAME.csv', () => {
  const CSV_JOB = ['--model', 'fixtures/sales-by-column.onnx', '--input', 'fixtures/sales.csv'];

  it('is a CSV with all columns of the input beside the predictions, where no key is given', async () => {
    const record = await project.run([...CSV_JOB, '--output', 'week.csv', '--shard-rows', '900']);
    const [header, ...rows] = (await readFile(project.path('week.csv'), 'utf8')).trim().split('\n');
    const input = (await readFile(project.path('fixtures/sales.csv'), 'utf8')).trim().split('\n');
    expect(header).toBe(`${input[0]},sales`);
    expect(rows.map((row) => row.split(',').slice(0, 3))).toEqual(
      input.slice(1).map((row) => row.split(',').slice(0, 3)),
    );
    expect(record.output).toMatchObject({ path: 'week.csv', columns: header?.split(',') });
  });

  it('is refused before anything is computed where a folder has its name', async () => {
    await mkdir(project.path('folder.csv'));
    const { code, stderr } = await project.serveBatch(['run', ...CSV_JOB, '--output', 'folder.csv']);
    expect(code).toBe(1);
    expect(stderr).toContain('is to be one file, but a folder of this name exists');
  });
});
