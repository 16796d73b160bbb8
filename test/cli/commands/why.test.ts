import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CliResult } from '../../support/cli.ts';
import { openDatabase } from '../../support/database.ts';
import { identityGraph, writeOnnx } from '../../support/onnx.ts';
import { makeProject, type Project } from '../../support/project.ts';

const REST = `
model: identity.onnx
kv: {key: "{store}:{product}"}
onInvalid: {action: reject, max: 50%}
execution: {shardRows: 10, processes: 1}
`;

let project: Project;

/** 24 rows from two files; every fifth has no x, and is rejected. Its model answers with x itself. */
async function writeTables(add: number): Promise<void> {
  const database = await openDatabase();
  const rows = (from: number, to: number) =>
    `SELECT i // 4 AS store, i % 4 AS product, CASE WHEN i % 5 <> 2 THEN (i + ${add})::FLOAT END AS x FROM range(${from}, ${to}) t(i)`;
  await database.run(`COPY (${rows(0, 9)}) TO '${project.path('a.parquet')}' (FORMAT parquet)`);
  await database.run(`COPY (${rows(9, 24)}) TO '${project.path('b.parquet')}' (FORMAT parquet)`);
}

beforeAll(async () => {
  project = await makeProject({
    fixtures: false,
    jobs: {
      table: `input: [a.parquet, b.parquet]\nfeatures: {select: "SELECT x * 2 AS x FROM input"}${REST}`,
      grid: `input: {grid: {store: {values: [1, 2]}, product: {values: [5, 6]}}}\nfeatures: {tables: {sizes: sizes.csv}, select: "SELECT size + product AS x FROM input LEFT JOIN sizes USING (store)"}${REST}`,
      chance: `input: a.parquet\nfeatures: {select: "SELECT x + pi() AS x FROM input"}${REST}`,
      text: `input: t.csv\nfeatures: {columns: [x]}${REST}`,
    },
  });
  await writeOnnx(project.path('identity.onnx'), identityGraph(1));
  await project.write('sizes.csv', 'store,size\n1,100\n2,200\n');
  await project.write('t.csv', 'store,product,x\n1,1,n/a\n1,2,7.5\n');
  await writeTables(0);
  for (const job of ['table', 'grid', 'chance', 'text']) await project.run([job]);
  await planWithChance();
});

/** As an earlier version planned it. */
async function planWithChance(): Promise<void> {
  const runs = project.path('out/chance/runs');
  const [run = ''] = await readdir(runs);
  const path = join(runs, run, 'plan.json');
  await writeFile(path, (await readFile(path, 'utf8')).replaceAll('pi()', 'random()'));
}

const ask = (...args: string[]): Promise<CliResult> => project.serveBatch(['why', ...args]);

async function answer(...args: string[]) {
  const { code, stdout, stderr } = await ask(...args, '--json');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

describe('why', () => {
  it('finds the row of every prediction, rejects before it or not, and the value that its model saw', async () => {
    for (const i of [0, 3, 8, 9, 11, 13, 19, 23]) {
      const found = await answer('table', `store=${Math.floor(i / 4)}`, `PRODUCT=${i % 4}`);
      const shard = Math.floor(i / 10);
      const before = [2, 7, 12, 17, 22].filter((each) => each < i && each >= shard * 10).length;
      expect(found).toMatchObject({
        value: 2 * i,
        shard,
        part: { file: `parts/part-0000${shard}.parquet`, row: i - 10 * shard - before + 1 },
        input: {
          row: i + 1,
          place: { file: project.path(i < 9 ? 'a.parquet' : 'b.parquet'), row: i < 9 ? i + 1 : i - 8 },
        },
        features: [{ column: 'x', type: 'float32', value: `${2 * i}.0` }],
        previous: null,
      });
    }
  });

  it('shows a grid by the number of its row and the values that make it', async () => {
    const { code, stdout } = await ask('grid', 'store=2', 'product=5');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^205\n/);
    expect(stdout).toMatch(/input +row 3 of the grid\n +kept +store=2 product=5\n/);
    expect(stdout).toMatch(/table sizes +sizes\.csv \(23 B, of /);
    expect(stdout).toMatch(/x +float32 +205\.0/);
    expect(stdout).toMatch(/model +identity\.onnx \(sha256 [0-9a-f]{64}\)/);
  });

  it('says of a table of the features that has changed since, instead of showing other values', async () => {
    await project.write('sizes.csv', 'store,size\n1,1000\n2,2000\n');
    const found = await answer('grid', 'store=2', 'product=5');
    expect(found).toMatchObject({ value: 205, features: null });
    expect(found.featuresMissing).toMatch(/sizes\.csv has 25 bytes of .*; it had 23 bytes/);
  });

  it('shows no values of a SELECT that gives others each time', async () => {
    const found = await answer('chance', 'store=1', 'product=1');
    expect(found).toMatchObject({ features: null, input: { row: 6 } });
    expect(found.featuresMissing).toContain('features.select calls random');
  });

  it('names the row of a CSV, whose typed copy is gone', async () => {
    const { code, stdout } = await ask('text', 'store=1', 'product=2');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^7\.5\n/);
    expect(stdout).toMatch(/input +t\.csv, row 2\n/);
    expect(stdout).toContain('cannot be shown: the typed copy of the csv input is deleted');
  });

  it('says what the generation before said, and that the input is another one after a rollback', async () => {
    await writeTables(100);
    const { runId } = await project.run(['table', '--force']);
    const now = await answer('table', 'store=1', 'product=1');
    expect(now).toMatchObject({ run: runId, value: 210, previous: { value: 10 } });
    expect((await project.serveBatch(['rollback', 'table'])).code).toBe(0);
    const back = await answer('table', 'store=1', 'product=1');
    expect(back).toMatchObject({ run: now.previous.run, value: 10, features: null, input: { row: 6 } });
    expect(back.featuresMissing).toMatch(/a\.parquet has \d+ bytes/);
  });

  it('--explain says of a model without trees that it cannot be explained', async () => {
    const { code, stdout } = await ask('text', 'store=1', 'product=2', '--explain');
    expect(code).toBe(0);
    expect(stdout).toContain('The prediction cannot be explained: the typed copy of the csv input');
    const found = await answer('chance', 'store=1', 'product=1');
    expect(found).not.toHaveProperty('explanation');
  });

  it('--explain says what each feature contributes to the prediction of a model of trees', async () => {
    const sales = await makeProject();
    await sales.run([]);
    const args = ['why', 'sales', 'store=1', 'product=2', 'date=2026-11-21', '--explain'];
    const { code, stdout } = await sales.serveBatch([...args, '--json']);
    expect(code).toBe(0);
    const { value, explanation } = JSON.parse(stdout);
    const [target, ...more] = explanation.targets;
    expect(more).toEqual([]);
    expect(explanation).toMatchObject({ isOutput: true });
    expect(explanation.others).toBeGreaterThan(50);
    expect(target.score).toBeCloseTo(value, 4);
    const names = target.contributions.flatMap(({ columns }: { columns: string[] }) => columns);
    expect(names).toContain('lag_7');
    const sum = target.contributions.reduce(
      (total: number, { contribution }: { contribution: number }) => total + contribution,
      target.expected,
    );
    expect(sum).toBeCloseTo(value, 4);
    const text = (await sales.serveBatch(args)).stdout;
    expect(text).toMatch(
      /What each feature contributes to the prediction, compared with \d+ rows of the run:/,
    );
    expect(text).toMatch(/\(this row\) +14\.9641/);
  });

  it('exits 4 with the explanation of a lookup where there is no such prediction', async () => {
    const { code, stderr, stdout } = await ask('table', 'store=1', 'product=9');
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toContain('has no prediction for store=1 product=9: it has no product=9');
  });

  it('says which part somebody removed, and where the whole run is not at hand', async () => {
    const { runId, folder } = (await project.published('grid')) ?? { runId: '', folder: '' };
    await rm(join(folder, 'parts'), { recursive: true });
    const damaged = await ask('grid', 'store=2', 'product=5');
    expect(damaged.code).toBe(1);
    expect(damaged.stderr).toContain('part-00000.parquet is missing: somebody removed or changed a part');
    const elsewhere = await ask(
      'grid',
      'store=2',
      'product=5',
      '--output',
      'other',
      '--kv',
      'lmdb:out/grid/kv',
    );
    expect(elsewhere.code).toBe(4);
    expect(elsewhere.stderr).toContain(`comes from run ${runId} of grid, which is not in`);
  });
});
