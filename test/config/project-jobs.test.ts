import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadProject } from '../../src/config/file/load-project.ts';
import type { JobSpec } from '../../src/config/job-spec.ts';
import { loadJob } from '../../src/config/load-job.ts';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

describe('the jobs of this project', () => {
  it('are these, and sales is the default', async () => {
    const project = await loadProject(PROJECT, {});
    expect(project.jobs.map(({ name }) => name)).toEqual([
      'hourly-forecast',
      'incoming',
      'sales',
      'sales-by-column',
      'weekly-forecast',
    ]);
    expect(project.defaultJob().name).toBe('sales');
  });

  it.each(['sales', 'sales-by-column'])('%s is right, and uses the default store', async (name) => {
    const { spec } = await loadJob(name, { projectFolder: PROJECT, env: {} });
    expect(spec.kv).toMatchObject({
      url: null,
      key: { text: '{store}:{product}' },
      field: { text: '{date}' },
    });
  });
});

describe('the job incoming', () => {
  it('takes new files, and has the features of the job sales', async () => {
    const load = (name: string) => loadJob(name, { projectFolder: PROJECT, env: {} });
    const { spec } = await load('incoming');
    const sales = await load('sales');
    expect(spec.input.incremental).toEqual({ kind: 'files', settleSeconds: 10 });
    expect(spec.kv).toBeNull();
    expect(spec.features).toEqual(sales.spec.features);
  });
});

describe('features.select of the job sales', () => {
  let database: DuckDBInstance;
  let spec: JobSpec;

  beforeAll(async () => {
    database = await DuckDBInstance.create(':memory:', { threads: '1' });
    spec = (await loadJob('sales', { projectFolder: PROJECT, env: {} })).spec;
  });

  afterAll(() => database.closeSync());

  async function select(input: string, columns: string) {
    const connection = await database.connect();
    try {
      await connection.run(`CREATE OR REPLACE TEMP VIEW input AS ${input}`);
      const result = await connection.runAndReadAll(`SELECT ${columns} FROM (${spec.features.select})`);
      return result.getRowsJson();
    } finally {
      connection.closeSync();
    }
  }

  it.each(['region', 'category'])(
    'numbers the %s of stores and products in alphabetical order',
    async (column) => {
      const source = column === 'region' ? 'stores.csv' : 'products.csv';
      const other = column === 'region' ? 'category' : 'region';
      const rows = await select(
        `SELECT *, NULL::VARCHAR AS ${other}, dense_rank() OVER (ORDER BY ${column}) - 1 AS expected FROM '${PROJECT}fixtures/${source}'`,
        `DISTINCT ${column}, expected`,
      );
      expect(rows).toHaveLength(column === 'region' ? 5 : 10);
      expect(rows.map(([index]) => String(index))).toEqual(rows.map(([, expected]) => String(expected)));
    },
  );

  it('makes a name that it does not know null, so that the row is invalid', async () => {
    const rows = await select(
      "SELECT * FROM (VALUES ('west', 'snacks'), ('centre', 'bakery'), ('moon', 'West'), (NULL, NULL)) t(region, category)",
      'region, category',
    );
    expect(rows).toEqual([
      [4, 9],
      [0, 0],
      [null, null],
      [null, null],
    ]);
  });
});
