import { join } from 'node:path';
import { REPOSITORY } from '../repository.ts';
import type { DataFolder } from './data-folder.ts';
import { writeNetwork } from './networks.ts';

/** The models of the benchmark; all take the ten features and give one value. */
export const MODELS = {
  trees: { title: 'trees (100 x 31 leaves)', hidden: null },
  'small-net': { title: 'small network (10-64-32-1)', hidden: [64, 32] },
  'wide-net': { title: 'wide network (10-256-256-1)', hidden: [256, 256] },
  linear: { title: 'linear (10-1)', hidden: [] },
} as const satisfies Record<string, { readonly title: string; readonly hidden: readonly number[] | null }>;

export type ModelName = keyof typeof MODELS;

/** The path of a model, written if it is not there yet; the trees are those of the fixture. */
export async function modelFile(data: DataFolder, name: ModelName): Promise<string> {
  const { hidden } = MODELS[name];
  if (hidden === null) return join(REPOSITORY, 'fixtures/sales.onnx');
  return data.file(`${name}.onnx`, (path) => writeNetwork(path, hidden));
}
