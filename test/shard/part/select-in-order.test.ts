import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Plan } from '../../../src/core/plan.ts';
import type { RunPaths } from '../../../src/runs/layout.ts';
import { giveUpOrder } from '../../../src/shard/part/select-in-order.ts';
import { openDatabase, parquetRows } from '../../support/database.ts';
import { onnxFile } from '../../support/onnx.ts';
import { temporaryFolder } from '../../support/project.ts';
import { computeShards, openCompiled, planTable } from '../../support/score-table.ts';
import { growTree, seeded } from '../../support/trees/grow-trees.ts';
import { regressorNode, treeGraph } from '../../support/trees/tree-models.ts';

/** 6,300 rows in two shards, neither of which has whole chunks. */
const DIMENSIONS = [
  { kind: 'list', name: 'kind', values: ['a', 'b', 'c'] },
  { kind: 'range', name: 'n', from: 1, to: 700, days: null, hours: null, step: null },
  { kind: 'range', name: 'day', from: '2026-11-21', to: null, days: 3, hours: null, step: null },
];
const SHARD_ROWS = 3150;

/** Tables with keys of several types; some of their keys are null, some are of no row. */
const TABLES = {
  kinds: "SELECT * FROM (VALUES ('a', 1.5), ('c', 2.5), (NULL, 9), ('z', 8)) t(kind, x)",
  numbers: 'SELECT nullif(range, 17)::SMALLINT AS n, range / 8 AS y FROM range(0, 900) WHERE range % 3 <> 1',
  all: 'SELECT range::DOUBLE AS n, range % 11 AS y FROM range(1, 701)',
  promos:
    "SELECT range % 690 AS p, DATE '2026-11-20' + (range // 690)::INTEGER AS d, range / 16 AS z FROM range(2760) WHERE range % 5 < 2",
  first: "SELECT 'a' AS kind",
  texts: "SELECT 'k' || range AS k, range AS z FROM range(0, 9)",
  twice: 'SELECT range + 1 AS n, range / 4 AS y FROM range(700) UNION ALL SELECT 500, 1',
};

let model: string;
let folder: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  model = join(folder, 'model.onnx');
  const random = seeded(8);
  const forest = {
    ...{ features: 3, double: false, baseValues: [], transform: 'NONE', targets: 1, aggregate: 'SUM' },
    trees: Array.from({ length: 5 }, () =>
      growTree(random, {
        ...{ leaves: 16, features: 3, modes: ['LEQ'] },
        threshold: (next) => Math.fround(next() * 60),
        votes: (next) => [[0, Math.fround(next())]],
      }),
    ),
  };
  await writeFile(model, onnxFile(treeGraph(regressorNode(forest), forest)));
  const database = await openDatabase();
  for (const [name, select] of Object.entries(TABLES))
    await database.run(`COPY (${select}) TO '${join(folder, name)}.parquet' (FORMAT parquet)`);
});

async function planned(select: string, reject = true) {
  const database = await openDatabase();
  const job = { model, inputs: [], features: ['x', 'y', 'z'], shardRows: SHARD_ROWS, outputColumns: ['*'] };
  const names = Object.keys(TABLES).filter((name) => select.includes(name));
  const plan = await planTable(database, { ...job, ...(reject ? { onInvalid: 'reject' } : {}) }, (spec) => ({
    ...spec,
    input: { ...spec.input, paths: [], grid: { dimensions: DIMENSIONS, filter: null } as never },
    features: {
      ...spec.features,
      tables: Object.fromEntries(names.map((name) => [name, join(folder, `${name}.parquet`)])),
      select,
    },
  }));
  return { database, ...plan };
}

async function partsOf(plan: Plan, paths: RunPaths): Promise<readonly string[]> {
  return Promise.all(
    plan.shards.map(async ({ index }) => (await readFile(paths.part(index))).toString('hex')),
  );
}

const ALL = 'coalesce(x, 1)::FLOAT AS x, coalesce(y, 2)::FLOAT AS y';
const KINDS = 'LEFT JOIN kinds USING (kind)';
const PROMOS = 'LEFT JOIN promos t ON t.p = input.n AND t.d = CAST(input.day AS DATE)';

type Way = 'in order' | 'sorted' | 'copied';

/** Of the last part that was written. */
function wayOf(statements: readonly string[]): Way {
  const last = statements
    .filter((sql) => sql.startsWith('COPY') && sql.includes('serve_batch_answer'))
    .at(-1);
  if (last?.includes('FROM serve_batch_features') === true) return 'copied';
  return last?.includes('ORDER BY') === true ? 'sorted' : 'in order';
}

describe('the parts of a grid with joins have the bytes of those whose rows are sorted', () => {
  it.each<[what: string, select: string, way: Way]>([
    [
      'tables that lack keys',
      `SELECT ${ALL}, coalesce(z, 3) AS z, kind, n, day FROM input ${KINDS} LEFT JOIN numbers USING (n) ${PROMOS}`,
      'in order',
    ],
    [
      'a table that has all keys',
      `SELECT ${ALL}, n AS z FROM input ${KINDS} LEFT JOIN all USING (n)`.replaceAll(
        'JOIN all',
        'JOIN "all"',
      ),
      'in order',
    ],
    [
      'keys that are made',
      `SELECT ${ALL}, coalesce(z, 0) AS z FROM input ${KINDS} LEFT JOIN numbers u ON u.n = input.n * 2 LEFT JOIN texts ON texts.k = 'k' || input.n % 12`,
      'in order',
    ],
    [
      'keys that do not fit into their column',
      `SELECT 1 AS x, coalesce(y, 0) AS y, 2 AS z FROM input LEFT JOIN numbers u ON u.n = input.n * 100`,
      'sorted',
    ],
    [
      'keys that are selected',
      `SELECT ${ALL}, coalesce(t.p, 0) AS z, t.d AS found FROM input ${KINDS} LEFT JOIN numbers USING (n) ${PROMOS}`,
      'sorted',
    ],
    [
      'keys that are looked for',
      `SELECT 1 AS x, 1 AS y, (t.p IS NULL)::INTEGER AS z FROM input ${PROMOS}`,
      'sorted',
    ],
    [
      'a table whose matches end within a chunk',
      'SELECT (first.kind IS NULL)::INTEGER AS x, 1 AS y, 2 AS z FROM input LEFT JOIN first ON first.kind = input.kind',
      'sorted',
    ],
    [
      'a table at the left',
      `SELECT ${ALL}, n AS z FROM numbers RIGHT JOIN input USING (n) ${KINDS}`,
      'sorted',
    ],
    ['rows that are dropped', `SELECT ${ALL}, n AS z FROM input ${KINDS} JOIN numbers USING (n)`, 'copied'],
    [
      'rows that cannot be scored',
      `SELECT x, y, z FROM input ${KINDS} LEFT JOIN numbers USING (n) ${PROMOS}`,
      'copied',
    ],
  ])('with %s', async (_, select, way) => {
    const { database, plan, paths } = await planned(select);
    const open = () => openCompiled(plan);
    const runs = vi.spyOn(database, 'run');
    const records = await computeShards(database, plan, paths, open);
    expect(wayOf(runs.mock.calls.map(([sql]) => sql))).toBe(way);
    runs.mockRestore();
    const parts = await partsOf(plan, paths);

    // Nothing is known of it as of another plan, but that its rows are not in order.
    const samePlan = { ...plan };
    const otherPaths = { ...paths, ...(await elsewhere()) };
    giveUpOrder(database, samePlan);
    const sorted = await computeShards(database, samePlan, otherPaths, open);
    expect(parts).toEqual(await partsOf(plan, otherPaths));
    expect(records.map(({ rowsOut, rejects }) => [rowsOut, rejects])).toEqual(
      sorted.map(({ rowsOut, rejects }) => [rowsOut, rejects]),
    );
    expect((await parquetRows(database, paths.part(0))).length).toBeGreaterThan(0);
  });
});

async function elsewhere(): Promise<Pick<RunPaths, 'part' | 'rejects' | 'shardRecord'>> {
  const other = await temporaryFolder();
  const at = (kind: string) => (shard: number) => join(other, kind, `${shard}`);
  return { part: at('parts'), rejects: at('rejects'), shardRecord: at('shards') };
}

it('says that a table has a key twice', async () => {
  const { database, plan, paths } = await planned(
    'SELECT 1 AS x, y, 2 AS z FROM input LEFT JOIN twice USING (n)',
    false,
  );
  await expect(computeShards(database, plan, paths, () => openCompiled(plan))).rejects.toMatchObject({
    code: 'FEATURES_SELECT',
    message: expect.stringContaining('returns 2 rows for input row 1498;'),
  });
});
