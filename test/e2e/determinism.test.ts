import { resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/runs/record/run-record.ts';
import { openDatabase, parquetRows } from '../support/database.ts';
import { expectGoldenStore } from '../support/golden.ts';
import { makeProject, type Project } from '../support/project.ts';
import { killAfterShards } from './kill-after-shards.ts';
import { runSql } from './sales-tables.ts';

const SHARDS = 14;
const MANY = ['--shard-rows', '500'];

/** Everything but names and times: which rows are in which part, and the bytes of each. */
function partsOf({ output }: RunRecord) {
  return output.parts;
}

describe('the parts are byte-identical', () => {
  let project: Project;
  let expected: RunRecord;
  beforeAll(async () => {
    project = await makeProject();
    expected = await project.run([...MANY, '--processes', '1']);
    expect(expected.output.parts).toHaveLength(SHARDS);
  });

  it.each([2, 3])('with %i processes', async (processes) => {
    const record = await project.run([...MANY, '--force', '--processes', String(processes)]);
    expect(record.runId).not.toBe(expected.runId);
    expect(partsOf(record)).toEqual(partsOf(expected));
  });

  it('after a kill and resume, with another number of processes', async () => {
    const fresh = await makeProject();
    const killed = await killAfterShards(fresh, ['run', ...MANY, '--processes', '2'], 3);
    const record = await fresh.run([...MANY, '--processes', '3']);
    expect(record.runId).toBe(killed.runId);
    expect(record.shards).toEqual({
      total: SHARDS,
      reused: killed.shards,
      retried: 0,
      inStatement: SHARDS,
    });
    expect(partsOf(record)).toEqual(partsOf(expected));
  });

  it('in another folder, from a copy of the job', async () => {
    const other = await makeProject();
    expect(partsOf(await other.run(MANY))).toEqual(partsOf(expected));
  });
});

/** The keys of a table in its own order. */
async function keysIn(paths: readonly string[]): Promise<string[]> {
  const rows = await parquetRows(await openDatabase(), ...paths);
  return rows.map(({ store, product, date }) => [store, product, date].join());
}

const JOINED = `
input: slim.parquet
features:
  select: |
    SELECT i.*, p.price, p.category, s.region, s.size_sqm, d.lag_7, d.lag_14, d.mean_28
    FROM demand d JOIN input i USING (store, product) JOIN products p USING (product) JOIN stores s USING (store)
  tables: {demand: fixtures/demand.parquet, products: fixtures/products.csv, stores: fixtures/stores.csv}
model: fixtures/sales-by-column.onnx
kv: {key: "{store}:{product}", field: "{date}"}
`;

describe('features.select with joins', () => {
  it('predicts the same, in the order of the input, with 1, 2 and 3 processes and after a kill', async () => {
    const project = await makeProject({ jobs: { joined: JOINED } });
    await runSql([
      // In another order than the tables that it is joined with, of which one is much larger.
      `COPY (SELECT store, product, date, discount, day_of_week, month
             FROM '${project.path('fixtures/sales.parquet')}' ORDER BY date DESC, product DESC, store)
       TO '${project.path('slim.parquet')}' (FORMAT parquet)`,
    ]);
    const killed = await killAfterShards(project, ['run', 'joined', ...MANY, '--processes', '2'], 3);
    const resumed = await project.run(['joined', ...MANY, '--processes', '1']);
    expect(resumed.shards.reused).toBe(killed.shards);
    await expectGoldenStore('joined', `lmdb:${project.path('out/joined/kv')}`, resumed.runId);
    const parts = resumed.output.parts.map(({ file }) => resolve(project.folder, resumed.output.path, file));
    expect(await keysIn(parts)).toEqual(await keysIn([project.path('slim.parquet')]));
    for (const processes of ['1', '2', '3']) {
      const record = await project.run(['joined', ...MANY, '--force', '--processes', processes]);
      expect(partsOf(record)).toEqual(partsOf(resumed));
    }
  });
});
