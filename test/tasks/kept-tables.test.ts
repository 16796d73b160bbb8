import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { bindJob } from '../../src/config/bind-job.ts';
import { adHocJob } from '../../src/config/override-job.ts';
import { ONNX_RUNTIME } from '../../src/core/engine.ts';
import { CPU } from '../../src/core/machine/device.ts';
import type { Plan } from '../../src/core/plan.ts';
import { identifyRun } from '../../src/jobs/plan/identify-run.ts';
import { runPaths } from '../../src/runs/layout.ts';
import { writePlan } from '../../src/runs/plan/plan-file.ts';
import { Database } from '../../src/source/duckdb/database.ts';
import { TASK_HANDLERS } from '../../src/tasks/task-handlers.ts';
import { WorkerState } from '../../src/tasks/worker-state.ts';
import { onnxFile } from '../support/onnx.ts';
import { temporaryFolder } from '../support/project.ts';
import { growTree, seeded } from '../support/trees/grow-trees.ts';
import { regressorNode, treeGraph } from '../support/trees/tree-models.ts';

const RUN = '20261121T000000Z-test';
const LIMITS = { memoryLimit: '256MB', threads: 1 };
const EFFECTS = { now: () => new Date(0), onRows: () => {}, signal: new AbortController().signal };
const SHARD = { ...LIMITS, runId: RUN, attempt: 1, rejectLimit: null, loadUnder: null };

afterEach(() => {
  vi.restoreAllMocks();
});

it('a table of text is read once for all workers of a run, also where its rows are a dimension', async () => {
  const folder = await temporaryFolder();
  const spec = bindJob(await gridJob(folder), { occurrence: null, now: new Date(0) });
  const paths = runPaths(folder, RUN);
  const first = new WorkerState({ folder, storeUrl: null });
  const second = new WorkerState({ folder, storeUrl: null });
  try {
    const request = {
      ...{ runId: RUN, createdAt: '2026-11-21T00:00:00.000Z', spec, storeUrl: null, incremental: null },
      ...{ extended: null, taken: null, ...(await identifyRun(spec)) },
    };
    const draft = await TASK_HANDLERS.plan(first, { ...LIMITS, plan: request }, EFFECTS);
    await writePlan(paths, { ...draft, batchSize: 64, device: CPU, engine: ONNX_RUNTIME } as Plan);
    const kept = await readdir(paths.tableCopies);
    expect(kept.length).toBeGreaterThan(0);

    const run = vi.spyOn(Database.prototype, 'run');
    await TASK_HANDLERS.shard(second, { ...SHARD, index: 1 }, EFFECTS);
    const copies = run.mock.calls.filter(([sql]) => sql.startsWith('COPY'));
    expect(copies).toHaveLength(1);
    expect(await readdir(paths.tableCopies)).toEqual(kept);

    const part = await readFile(paths.part(1));
    await TASK_HANDLERS.shard(first, { ...SHARD, index: 0 }, EFFECTS);
    expect(part.length).toBeGreaterThan(0);
  } finally {
    await first.close();
    await second.close();
  }
});

async function gridJob(folder: string) {
  const forest = {
    ...{ features: 2, double: false, baseValues: [], transform: 'NONE', targets: 1, aggregate: 'SUM' },
    trees: [
      growTree(seeded(3), {
        ...{ leaves: 4, features: 2, modes: ['LEQ'] },
        threshold: (next) => Math.fround(next()),
        votes: (next) => [[0, Math.fround(next())]],
      }),
    ],
  };
  const [model, stores] = [join(folder, 'model.onnx'), join(folder, 'stores.csv')];
  await writeFile(model, onnxFile(treeGraph(regressorNode(forest), forest)));
  await writeFile(stores, 'store,size\n7,1.5\n3,2\n5,4.5\n');
  const job = adHocJob({ model, output: join(folder, 'out'), features: ['size', 'n'], shardRows: 20 });
  return {
    ...job,
    input: {
      ...job.input,
      grid: {
        dimensions: [
          { kind: 'file', name: 'stores', path: stores, column: null },
          { kind: 'range', name: 'n', from: 1, to: 10, days: null, hours: null, step: null },
        ],
        filter: null,
      },
    },
    features: {
      ...job.features,
      tables: { stores },
      select: 'SELECT input.*, size FROM input LEFT JOIN stores USING (store)',
    },
  } as typeof job;
}
