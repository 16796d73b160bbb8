import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { beforeAll, describe, expect, it } from 'vitest';
import { createLookup } from '../../src/index.ts';
import { REPOSITORY } from '../support/cli.ts';
import { expectedRows, wrongPredictions } from '../support/golden.ts';
import { makeProject, type Project } from '../support/project.ts';

/** Bad rows by their number, from 1, and what is wrong with each. */
const SPLIT_PROBLEM = 100;
const NULL_PRICE = 2500;
const TEXT_PRICE = 2501;
const NO_DATE = 6999;

let project: Project;

beforeAll(async () => {
  project = await makeProject();
  const csv = await readFile(join(REPOSITORY, 'fixtures/sales.csv'), 'utf8');
  const lines = csv.trimEnd().split('\n');
  const change = (row: number, to: (fields: string[]) => string[]): void => {
    lines[row] = to((lines[row] ?? '').split(',')).join(',');
  };
  change(SPLIT_PROBLEM, (fields) => [...fields, 'one', 'too', 'many']);
  change(NULL_PRICE, (fields) => fields.with(3, ''));
  change(TEXT_PRICE, (fields) => fields.with(3, 'n/a'));
  change(NO_DATE, (fields) => fields.with(2, ''));
  await project.write('dirty.csv', `${lines.join('\n')}\n`);
});

const ARGS = ['--input', 'dirty.csv', '--shard-rows', '1000'];

async function readParquet(pattern: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(`SELECT * FROM '${pattern}'`)).getRowObjectsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

describe('onInvalid: reject', () => {
  it('ends with 5 over the limit, publishes nothing, and continues once the limit is raised', async () => {
    const over = await project.serveBatch(['run', ...ARGS, '--on-invalid', 'reject:3']);
    expect(over.code).toBe(5);
    expect(over.stderr).toMatch(
      /4 rows were rejected so far; onInvalid\.max allows 3\. Nothing was published/,
    );
    expect(over.stderr).toMatch(
      /serve-batch runs show 20\d+T\d+Z-\w+ --rejects\. Mend them, or raise onInvalid\.max/,
    );
    expect(await project.published()).toBeNull();

    const record = await project.run([...ARGS, '--on-invalid', 'reject:4']);
    expect(record).toMatchObject({ status: 'published', rowsIn: 7000, rowsOut: 6996, rejects: 4 });
    expect(record.rowsIn).toBe(record.rowsOut + record.rejects);
    expect(await project.runs()).toEqual([record.runId]);
    expect(record.shards.reused).toBeGreaterThanOrEqual(6);
    expect(record.kv?.values).toBe(6996);
  });

  it('puts each row aside with file, place, column, value and reason', async () => {
    const { output } = await project.run([...ARGS, '--on-invalid', 'reject']);
    const rejects = await readParquet(join(output.path, 'rejects/part-*.parquet'));
    expect(rejects.map(({ file, row, column, value }) => [file, row, column, value])).toEqual([
      ['dirty.csv', String(NULL_PRICE - 1), 'price', null],
      ['dirty.csv', String(TEXT_PRICE - 1), 'price', 'n/a'],
      ['dirty.csv', String(NO_DATE - 1), 'date', null],
    ]);
    expect(rejects.map(({ reason }) => reason)).toEqual([
      'is null; the model input "features" is float32',
      'holds "n/a"; the model input "features" is float32',
      'is null; it is part of the key in the store',
    ]);
    const [split] = await readParquet(join(output.path, 'rejects/staging.parquet'));
    expect(split).toMatchObject({ file: 'dirty.csv', reason: 'has 16 fields; expected 13' });
    expect(Number(split?.line)).toBe(SPLIT_PROBLEM + 1);
  });

  it('scores all other rows', async () => {
    await project.run([...ARGS, '--on-invalid', 'reject']);
    const bad = new Set([SPLIT_PROBLEM, NULL_PRICE, TEXT_PRICE, NO_DATE].map((row) => row - 1));
    const expected = (await expectedRows()).filter((_, index) => !bad.has(index));
    const lookup = createLookup({ job: 'sales', url: `lmdb:${project.path('out/sales/kv')}` });
    try {
      const found = await lookup.getMany(
        expected.map(({ store, product, date }) => ({ store, product, date })),
      );
      expect(wrongPredictions(expected, (_, index) => found[index]?.value)).toEqual([]);
    } finally {
      await lookup.close();
    }
  });

  it('may be limited by a share of the rows', async () => {
    const over = await project.serveBatch(['run', ...ARGS, '--force', '--on-invalid', 'reject:0.05%']);
    expect(over.code).toBe(5);
    expect(over.stderr).toContain('onInvalid.max allows 0.05% (3 of 7,000 rows)');
    const within = await project.run([...ARGS, '--force', '--on-invalid', 'reject:0.06%']);
    expect(within.rejects).toBe(4);
  });

  it('publishes nothing where every row is rejected, whatever the limit', async () => {
    const before = await project.published();
    const csv = await readFile(join(REPOSITORY, 'fixtures/sales.csv'), 'utf8');
    const [header = '', ...rows] = csv.split('\n').slice(0, 4);
    const bad = rows.map((row) => row.split(',').with(3, 'n/a').join(','));
    await project.write('bad.csv', `${[header, ...bad].join('\n')}\n`);
    for (const limit of ['reject', 'reject:100%']) {
      const { code, stderr } = await project.serveBatch(['run', '--input', 'bad.csv', '--on-invalid', limit]);
      expect({ code, stderr }).toEqual({
        code: 5,
        stderr: expect.stringContaining('All 3 rows were rejected'),
      });
    }
    expect(await project.published()).toEqual(before);
  });
});
