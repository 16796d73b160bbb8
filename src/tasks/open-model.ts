import { join } from 'node:path';
import { type EnginePlan, TREE_ENGINE_VERSION } from '../core/engine.ts';
import { ServeBatchError } from '../core/errors.ts';
import type { DevicePlan } from '../core/machine/device.ts';
import type { Plan } from '../core/plan.ts';
import { plannedFor } from '../inference/devices/device-errors.ts';
import { readModelFile } from '../inference/model-file.ts';
import type { Session } from '../inference/session.ts';
import { enginesFolder } from '../runs/layout.ts';
import { useOf } from '../shard/model-use.ts';

/** What ONNX Runtime needs of a plan. */
export interface RuntimeModel {
  readonly model: Pick<Plan['model'], 'path' | 'sha256'>;
  readonly threads: number;
  readonly device: Pick<DevicePlan, 'name' | 'options'>;
}

/** ONNX Runtime is loaded where a model is opened in it: a run of trees needs none. */
export async function openInRuntime({ model, threads, device }: RuntimeModel): Promise<Session> {
  const { name, options } = device;
  if (name === 'cpu') {
    const { ModelSession } = await import('../inference/model-session.ts');
    return ModelSession.open(model.path, { threads });
  }
  try {
    // Loaded where there is such a device.
    const { ThreadedSession } = await import('../inference/threaded-session.ts');
    return await ThreadedSession.open(model.path, { threads, device: { name, options } });
  } catch (error) {
    if (!(error instanceof ServeBatchError) || error.code !== 'DEVICE_UNAVAILABLE') throw error;
    throw plannedFor(name, error);
  }
}

/** The compiled trees of the job's folder; where they are missing or damaged, they are compiled again. */
export async function openTrees(
  { model, engine, features, output }: Pick<Plan, 'model' | 'engine' | 'features' | 'output'>,
  folderOfJob: string,
): Promise<Session> {
  assertVersion(engine);
  const { readRecipe, recipeName } = await import('../inference/trees/recipe-file.ts');
  const { TreeSession } = await import('../inference/trees/tree-session.ts');
  const use = useOf({ features, output });
  const known = await readRecipe(join(enginesFolder(folderOfJob), recipeName(model.sha256, use)));
  if (known !== undefined) return TreeSession.open(model.path, model.signature, known.recipe);
  const { compileModel } = await import('../inference/trees/compile-model.ts');
  const { recipe } = compileModel(await readModelFile(model.path), use);
  return TreeSession.open(model.path, model.signature, recipe);
}

function assertVersion({ version }: EnginePlan): void {
  if (version === TREE_ENGINE_VERSION) return;
  throw new ServeBatchError(
    'ENGINE_UNAVAILABLE',
    `The run was planned for version ${version} of the tree engine; this serve-batch has version ${TREE_ENGINE_VERSION}. Run the command again with --no-resume.`,
  );
}
