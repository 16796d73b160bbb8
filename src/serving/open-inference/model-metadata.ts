import { ownVersion } from '../../runs/record/versions.ts';
import { checkVersion } from './infer.ts';
import type { InferenceModel } from './inference-model.ts';
import { outputsOf, type TensorMetadata } from './model-tensors.ts';

export interface ServerMetadata {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}

export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

export function serverMetadata(): ServerMetadata {
  return { name: 'serve-batch', version: ownVersion(), extensions: [] };
}

/** Throws `NOT_FOUND` for a version that is not the published one; null: whichever it is. */
export async function modelMetadata(model: InferenceModel, version: string | null): Promise<ModelMetadata> {
  const view = await model.job.view();
  checkVersion(view, version);
  return {
    name: model.name,
    versions: [view.generation],
    platform: 'serve-batch',
    inputs: await model.inputs(view),
    outputs: outputsOf(view),
  };
}
