import { writeFileSync } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { ModelSession } from '../../src/inference/model-session.ts';
import { runShard, type ShardContext } from '../../src/shard/run-shard.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { openDatabase, parquetRows } from '../support/database.ts';
import { identityGraph, writeOnnx } from '../support/onnx.ts';
import { temporaryFolder } from '../support/project.ts';
import { computeShards, planTable, scoreTable } from '../support/score-table.ts';

let database: Database;
let folder: string;
let model: string;

beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
  model = await writeOnnx(join(folder, 'identity.onnx'), identityGraph(1));
});

async function writeTable(name: string, select: string): Promise<string> {
  const path = join(folder, name);
  await database.run(`COPY (${select}) TO '${path}' (FORMAT parquet, COMPRESSION snappy)`);
  return path;
}

/** Overwrites the beginning of one column's pages. */
async function corruptColumn(path: string, column: string): Promise<void> {
  const [chunk] = await database.rows(
    `SELECT coalesce(dictionary_page_offset, data_page_offset) AS start FROM parquet_metadata('${path}') WHERE path_in_schema = '${column}'`,
  );
  const start = Number(chunk?.start);
  await writeFile(path, (await readFile(path)).fill(0xff, start, start + 64));
}

const KEPT = `SELECT range::FLOAT AS x, 'text ' || (range % 100) AS note FROM range(5000)`;

it.each([
  ['is kept in the part', ['note']],
  ['stands in the rejects only', []],
])('says that the input is unreadable where a corrupt column %s', async (_, outputColumns) => {
  const path = await writeTable('half-bad.parquet', `${KEPT} UNION ALL SELECT NULL, 'rejected'`);
  await corruptColumn(path, 'note');
  const flags = { model, inputs: [path], features: ['x'], outputColumns, onInvalid: 'reject' };
  await expect(scoreTable(database, flags)).rejects.toMatchObject({
    code: 'INPUT_UNREADABLE',
    message: expect.stringContaining(`${path} cannot be read`),
  });
});

it('does not blame the input where the part cannot be written', async () => {
  const path = await writeTable('good.parquet', KEPT);
  const { plan, paths } = await scoreTable(database, { model, inputs: [path], features: ['x'] });
  await writeFile(join(folder, 'a-file'), '');
  const blocked = { ...paths, part: () => join(folder, 'a-file/part.parquet') };
  await expect(computeShards(database, plan, blocked)).rejects.not.toMatchObject({
    code: 'INPUT_UNREADABLE',
  });
});

it('notices a source that changed after the run was planned', async () => {
  const path = await writeTable('changing.parquet', KEPT);
  const { plan, paths } = await scoreTable(database, { model, inputs: [path], features: ['x'] });
  await rm(paths.shardRecord(0));
  await writeTable('changing.parquet', `${KEPT} LIMIT 10`);
  await expect(computeShards(database, plan, paths)).rejects.toMatchObject({ code: 'INPUT_CHANGED' });
});

it('computes the same part after an attempt that ended in the middle', async () => {
  const path = await writeTable('again.parquet', KEPT);
  const flags = { model, inputs: [path], features: ['x'], outputColumns: ['note'], batchSize: 500 };
  const { plan, paths, records, rows } = await scoreTable(database, flags);
  await rm(paths.shardRecord(0));
  const session = await ModelSession.open(model, { threads: 1 });
  let asked = 0;
  const context: ShardContext = {
    plan,
    paths,
    database,
    session,
    attempt: 2,
    onRows: () => {},
    assertWanted: () => {
      if (++asked === 4) throw new Error('not wanted any more');
    },
    now: () => new Date(0),
  };
  try {
    await expect(runShard(context, 0)).rejects.toThrow('not wanted any more');
    const again = await runShard(context, 0);
    expect(again.part).toEqual(records[0]?.part);
    expect(await parquetRows(database, paths.part(0))).toEqual(rows);
  } finally {
    await session.close();
  }
});

it('leaves the part of a worker that committed the shard meanwhile', async () => {
  const path = await writeTable('race.parquet', KEPT);
  const { plan, paths, records } = await scoreTable(database, { model, inputs: [path], features: ['x'] });
  const record = await readFile(paths.shardRecord(0), 'utf8');
  await rm(paths.shardRecord(0));
  const session = await ModelSession.open(model, { threads: 1 });
  const before = (await stat(paths.part(0))).ino;
  // The other one ends while this one scores.
  const assertWanted = (): void => writeFileSync(paths.shardRecord(0), record);
  const context = {
    plan,
    paths,
    database,
    session,
    attempt: 2,
    onRows() {},
    assertWanted,
    now: () => new Date(0),
  };
  try {
    expect(await runShard(context, 0)).toEqual(JSON.parse(record));
  } finally {
    await session.close();
  }
  expect(records[0]?.attempt).toBe(1);
  expect((await stat(paths.part(0))).ino).toBe(before);
});

it('refuses a shard that the plan does not have', async () => {
  const path = await writeTable('one-shard.parquet', KEPT);
  const { plan, paths } = await scoreTable(database, { model, inputs: [path], features: ['x'] });
  const beyond = { ...plan, shards: [{ index: 1, rowStart: 0, rowEnd: 1 }] };
  await expect(computeShards(database, beyond, paths)).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('so it has no shard 1'),
  });
});

it('a model that fails on every row is called until the limit is passed, and no more', async () => {
  const path = await writeTable('fails.parquet', 'SELECT range::FLOAT AS x FROM range(4096)');
  const onInvalid = 'reject';
  const { plan, paths } = await planTable(database, { model, inputs: [path], features: ['x'], onInvalid });
  const real = await ModelSession.open(model, { threads: 1 });
  let calls = 0;
  const fail = (): never => {
    calls++;
    throw new Error('it always fails');
  };
  const failing = { run: async (): Promise<never> => fail(), atOnce: fail };
  const session = new Proxy(real, {
    get: (of, name) => Reflect.get(name in failing ? failing : of, name, name in failing ? failing : of),
  });
  const policy = { action: 'reject', maxRows: 10, maxShare: null } as const;
  const context: ShardContext = {
    ...{ plan, paths, database, session, attempt: 1, onRows() {}, assertWanted() {}, now: () => new Date() },
    rejectLimit: { policy, before: 4 },
  };
  await expect(runShard(context, 0)).rejects.toMatchObject({
    code: 'REJECTS_OVER_LIMIT',
    message: expect.stringContaining('11 rows were rejected so far; onInvalid.max allows 10.'),
  });
  expect(calls).toBeLessThan(60);
  expect(await parquetRows(database, paths.rejects(0))).toHaveLength(7);
  await real.close();
});

it('keeps integers of 128 bits that the SELECT makes as decimals, digit by digit', async () => {
  const path = await writeTable('long.parquet', 'SELECT 1::FLOAT AS x, 9007199254740993::BIGINT AS id');
  const select = `SELECT *, id::HUGEINT * 1000 AS long, [id::HUGEINT] AS list, {'n': id::UHUGEINT} AS pack FROM input`;
  const { rows } = await scoreTable(
    database,
    { model, inputs: [path], features: ['x'], outputColumns: ['long', 'list', 'pack'] },
    (spec) => ({ ...spec, features: { ...spec.features, select } }),
  );
  expect(rows).toMatchObject([
    { long: '9007199254740993000', list: ['9007199254740993'], pack: { n: '9007199254740993' } },
  ]);
});

it('does not round an integer that no decimal holds', async () => {
  const path = await writeTable('longest.parquet', 'SELECT 1::FLOAT AS x');
  const select = `SELECT *, 170141183460469231731687303715884105727::HUGEINT AS long FROM input`;
  const flags = { model, inputs: [path], features: ['x'], outputColumns: ['long'] };
  await expect(
    scoreTable(database, flags, (spec) => ({ ...spec, features: { ...spec.features, select } })),
  ).rejects.toMatchObject({ code: 'FEATURES_SELECT', message: expect.stringContaining('DECIMAL(38,0)') });
});

it('takes columns that the job names in another case', async () => {
  const path = await writeTable('case.parquet', 'SELECT 1.5::FLOAT AS Price, 7 AS Store');
  const { plan, rows } = await scoreTable(database, {
    model,
    inputs: [path],
    features: ['PRICE'],
    outputColumns: ['store', 'STORE'],
  });
  expect(plan.output.keptColumns).toEqual([{ name: 'Store', type: 'INTEGER' }]);
  expect(rows).toMatchObject([{ Store: 7 }]);
});

it.each([
  ['features', { features: ['Prize'] }],
  ['output.columns', { features: ['Price'], outputColumns: ['Prize'] }],
])('names what is near, and what there is, for a misspelt column of %s', async (_, flags) => {
  const path = await writeTable('near.parquet', 'SELECT 1.5::FLOAT AS Price, 7 AS Store');
  const scored = scoreTable(database, { model, inputs: [path], ...flags });
  await expect(scored).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH' });
  await expect(scored).rejects.toThrow(
    /"Prize" is missing.*Did you mean "Price"\?[\s\S]*It has the columns Price, Store\./,
  );
});

it('gives a model each text whole, and rejects one that ONNX Runtime would cut off', async () => {
  const texts = await writeOnnx(join(folder, 'texts.onnx'), identityGraph(1, 'string'));
  const path = await writeTable(
    'texts.parquet',
    "SELECT unnest([chr(65279) || 'order', chr(65279) || 'beyond twelve bytes', 'cut' || chr(0) || 'off', '', chr(65279)]) AS x",
  );
  const { rows, paths } = await scoreTable(database, {
    model: texts,
    inputs: [path],
    outputColumns: ['x'],
    onInvalid: 'reject',
  });
  const parts = `read_parquet('${paths.part(0)}')`;
  expect(rows).toHaveLength(4);
  expect(await database.rows(`SELECT count(*) AS n FROM ${parts} WHERE x IS DISTINCT FROM y`)).toEqual([
    { n: '0' },
  ]);
  const [reject] = await parquetRows(database, paths.rejects(0));
  expect(reject).toMatchObject({
    column: 'x',
    reason:
      'holds "cut\0off" with a NUL character, where ONNX Runtime would cut the text off; the model input "x" is string',
  });
});
