import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { CPU } from '../../src/core/machine/device.ts';
import type { Plan } from '../../src/core/plan.ts';
import { ModelSession } from '../../src/inference/model-session.ts';
import { tryModel } from '../../src/planning/trial/try-model.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import type { RuntimeModel } from '../../src/tasks/open-model.ts';
import { WorkerState } from '../../src/tasks/worker-state.ts';
import { compareEngines } from '../../src/tuning/compare-engines.ts';
import { openDatabase } from '../support/database.ts';
import { onnxFile } from '../support/onnx.ts';
import { temporaryFolder } from '../support/project.ts';
import { planTable } from '../support/score-table.ts';
import { growTree, seeded } from '../support/trees/grow-trees.ts';
import { classifierNode, treeGraph } from '../support/trees/tree-models.ts';

const random = seeded(3);
const MODEL = {
  features: 2,
  trees: Array.from({ length: 6 }, (_, index) =>
    growTree(random, {
      leaves: 8,
      features: 2,
      modes: ['LEQ'],
      threshold: (next) => Math.fround(next()),
      votes: (next) => [[index % 3, Math.fround(next())]],
    }),
  ),
  double: false,
  baseValues: [],
  transform: 'NONE',
  labels: ['low', 'mid', 'high'],
};

let database: Database;
let folder = '';
let plan: Plan;
let asked: RuntimeModel;
let state: WorkerState;

beforeAll(async () => {
  database = await openDatabase();
  const inputs = await temporaryFolder();
  const [model, rows] = [join(inputs, 'model.onnx'), join(inputs, 'rows.parquet')];
  await writeFile(model, onnxFile(treeGraph(classifierNode(MODEL), MODEL)));
  await database.run(
    `COPY (SELECT random()::FLOAT a, random()::FLOAT b FROM range(300)) TO '${rows}' (FORMAT parquet)`,
  );
  ({ plan } = await planTable(database, { model, inputs: [rows], features: ['a', 'b'] }));
  asked = { model: plan.model, threads: 1, device: CPU };
});
beforeEach(async () => {
  folder = await temporaryFolder();
  state = new WorkerState({ folder, storeUrl: null });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await state.close();
});

async function compile(): Promise<void> {
  const runtime = await ModelSession.open(plan.model.path, { threads: 1 });
  await compareEngines({ plan, folderOfJob: folder, database, runtime: async () => runtime });
  await runtime.close();
}

it('a model that was compiled before is planned without ONNX Runtime, with the same outcome', async () => {
  const request = { database, plan, outputs: plan.model.signature.outputs };
  const expected = await tryModel({ ...request, session: await state.planningSession(asked) });
  await compile();
  await state.close();
  state = new WorkerState({ folder, storeUrl: null });
  const open = vi.spyOn(ModelSession, 'open');
  const session = await state.planningSession(asked);
  expect(session.signature).toEqual(plan.model.signature);
  expect(await tryModel({ ...request, session })).toEqual(expected);
  expect(open).not.toHaveBeenCalled();
});

it('opens ONNX Runtime for outputs that were not compiled', async () => {
  const [label] = plan.output.predictions;
  plan = { ...plan, output: { ...plan.output, predictions: label === undefined ? [] : [label] } };
  await compile();
  const open = vi.spyOn(ModelSession, 'open');
  const session = await state.planningSession(asked);
  const x = { data: new Float32Array([0.1, 0.2]), dims: [1, 2] };
  const both = await session.run(new Map([['x', x]]), ['label', 'probabilities']);
  expect([...both.keys()]).toEqual(['label', 'probabilities']);
  expect(open).toHaveBeenCalledTimes(1);
});

it('notices a model that changed since', async () => {
  await compile();
  const before = asked;
  await writeFile(plan.model.path, onnxFile(treeGraph(classifierNode(MODEL), { ...MODEL, features: 3 })));
  await expect(state.planningSession(before)).rejects.toMatchObject({ code: 'INPUT_CHANGED' });
});
