import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
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

  it('is left as it was by a run that fails', async () => {
    const before = await hash('week.parquet');
    const { code } = await project.serveBatch(['run', ...JOB, ...KEYS, '--input', 'fixtures/products.csv']);
    expect(code).toBe(3);
    expect(await hash('week.parquet')).toBe(before);
  });
});
