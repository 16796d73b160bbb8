import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EnginePlan, TREES } from '../../src/core/engine.ts';
import type { Plan } from '../../src/core/plan.ts';
import { ModelSession, type TensorValue } from '../../src/inference/model-session.ts';
import type { Session } from '../../src/inference/session.ts';
import { nextFloat32 } from '../../src/inference/trees/kernel/next-float.ts';
import { enginesFolder } from '../../src/runs/layout.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { openTrees } from '../../src/tasks/open-model.ts';
import { compareEngines } from '../../src/tuning/compare-engines.ts';
import { openDatabase } from '../support/database.ts';
import { onnxFile } from '../support/onnx.ts';
import { temporaryFolder } from '../support/project.ts';
import { planTable } from '../support/score-table.ts';
import { growTree, seeded } from '../support/trees/grow-trees.ts';
import { branchesOf, regressorNode, type TestRegressor, treeGraph } from '../support/trees/tree-models.ts';

const random = seeded(11);
const MODEL: TestRegressor = {
  features: 3,
  trees: Array.from({ length: 12 }, () =>
    growTree(random, {
      leaves: 20,
      features: 3,
      modes: ['LEQ', 'LT', 'EQ'],
      threshold: (next) => Math.fround(Math.round(next() * 40) / 8),
      votes: (next) => [[0, Math.fround(next())]],
    }),
  ),
  double: false,
  targets: 1,
  aggregate: 'SUM',
  transform: 'NONE',
  baseValues: [],
};
const GRAPH = treeGraph(regressorNode(MODEL), MODEL);

/** Of the first feature. */
const THRESHOLD =
  [...branchesOf(MODEL.trees)].find(({ feature, value }) => feature === 0 && value > 0)?.value ?? Number.NaN;

let database: Database;
let folder = '';
let plan: Plan;
let runtime: ModelSession;
let planned = 0;

async function planOf(graph: typeof GRAPH): Promise<Plan> {
  const model = join(folder, `${planned++}.onnx`);
  await writeFile(model, onnxFile(graph));
  return (
    await planTable(database, { model, inputs: [join(folder, 'rows.parquet')], features: ['a', 'b', 'c'] })
  ).plan;
}

beforeAll(async () => {
  folder = await temporaryFolder();
  database = await openDatabase();
  await database.run(
    `COPY (SELECT (range % 41 / 8)::FLOAT a, (range % 7)::FLOAT b, random()::FLOAT c FROM range(3000))
     TO '${join(folder, 'rows.parquet')}' (FORMAT parquet)`,
  );
  plan = await planOf(GRAPH);
  runtime = await ModelSession.open(plan.model.path, { threads: 1 });
});
afterAll(() => runtime.close());

async function compare(options: {
  readonly plan?: Plan;
  readonly session?: () => Promise<Session>;
  readonly folderOfJob: string;
}): Promise<EnginePlan> {
  const { session = async () => runtime, folderOfJob } = options;
  return compareEngines({ plan: options.plan ?? plan, folderOfJob, database, runtime: session });
}

/** ONNX Runtime, if it answered otherwise to some rows. */
function wrong(change: (value: number, row: readonly number[]) => number): Session {
  return {
    path: runtime.path,
    signature: runtime.signature,
    rowLimit: null,
    columns: null,
    close: async () => {},
    async run(feeds, outputs) {
      const answers = await runtime.run(feeds, outputs);
      const rows = feeds.get('x')?.data as Float32Array;
      const [name, y] = [...answers][0] as [string, TensorValue];
      const data = (y.data as Float32Array).map((value, row) =>
        change(value, [...rows.subarray(row * 3, row * 3 + 3)]),
      );
      return new Map([[name, { ...y, data }]]);
    },
  };
}

test('the trees are taken where all bits agree, and are not compared again on this machine', async () => {
  const folderOfJob = await temporaryFolder();
  expect(await compare({ folderOfJob })).toEqual(TREES);
  const never = async (): Promise<never> => {
    throw new Error('compared again');
  };
  expect(await compare({ folderOfJob, session: never })).toEqual(TREES);
  expect(await readdir(enginesFolder(folderOfJob))).toHaveLength(1);
});

test('a damaged file is compared anew, and a worker compiles what it does not find', async () => {
  const folderOfJob = await temporaryFolder();
  await compare({ folderOfJob });
  const [name = ''] = await readdir(enginesFolder(folderOfJob));
  const path = join(enginesFolder(folderOfJob), name);
  const bytes = await readFile(path);
  await writeFile(path, bytes.subarray(0, 100));
  const session = await openTrees({ ...plan, engine: TREES }, folderOfJob);
  const x = { data: Float32Array.of(1, 2, 3), dims: [1, 3] };
  expect((await session.run(new Map([['x', x]]), ['y'])).get('y')).toEqual(
    (await runtime.run(new Map([['x', x]]), ['y'])).get('y'),
  );
  expect(await compare({ folderOfJob })).toEqual(TREES);
  expect((await readFile(path)).length).toBe(bytes.length);
});

test('one bit in one row of the input is enough for ONNX Runtime', async () => {
  const folderOfJob = await temporaryFolder();
  const session = async (): Promise<Session> =>
    wrong((value, [, b]) => (b === 5 ? Math.fround(value + 2 ** -20) : value));
  expect(await compare({ folderOfJob, session })).toMatchObject({
    name: 'onnxruntime',
    why: 'they answer rows of the input otherwise',
  });
  await expect(readdir(enginesFolder(folderOfJob))).rejects.toMatchObject({ code: 'ENOENT' });
});

test.each([
  ['NaN', (row: readonly number[]) => row.some(Number.isNaN)],
  ['infinity', (row: readonly number[]) => row.includes(Number.POSITIVE_INFINITY)],
  ['-0', (row: readonly number[]) => row.some((each) => Object.is(each, -0))],
  ['one step above a threshold', ([a]: readonly number[]) => a === nextFloat32(THRESHOLD)],
  ['one step below a threshold', ([a]: readonly number[]) => a === -nextFloat32(-THRESHOLD)],
])('another answer to %s is found, though no row of the input has it', async (_, applies) => {
  const session = async (): Promise<Session> => wrong((value, row) => (applies(row) ? value + 1 : value));
  expect(await compare({ folderOfJob: await temporaryFolder(), session })).toMatchObject({
    why: 'they answer rows next to thresholds otherwise',
  });
});

test('a graph that ends in another operator is left to ONNX Runtime, with the reason', async () => {
  const nodes = [...GRAPH.nodes, { operator: 'Elu', inputs: ['y'], outputs: ['z'] }];
  const outputs = [{ name: 'z', elementType: 'float32', shape: ['rows', 1] }] as const;
  const other = await planOf({ ...GRAPH, nodes, outputs });
  const folderOfJob = await temporaryFolder();
  expect(await compare({ plan: other, folderOfJob })).toMatchObject({
    name: 'onnxruntime',
    why: 'its operator Elu is not one of the tree engine',
  });
});
