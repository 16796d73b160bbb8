import type { TensorSpec } from '../../../src/core/model.ts';
import type { TensorData } from '../../../src/core/tensor-data.ts';
import { ModelSession, type TensorValue } from '../../../src/inference/model-session.ts';
import { compileModel } from '../../../src/inference/trees/compile-model.ts';
import { TreeSession } from '../../../src/inference/trees/tree-session.ts';

/** Both engines with one model. */
export interface BothEngines {
  readonly runtime: ModelSession;
  readonly trees: TreeSession;
}

/** `widths`: columns of inputs that do not say it. Throws `UnsupportedModel`. */
export async function openBoth(model: Uint8Array, width = 1): Promise<BothEngines> {
  const runtime = await ModelSession.openBytes('test.onnx', model, { threads: 1 });
  const { inputs, outputs } = runtime.signature;
  const { recipe } = compileModel(model, {
    inputs: inputs.map((input) => ({
      input: input.name,
      elementType: input.elementType,
      columns: new Array<string>(columnsOf(input, width)).fill(''),
      rowShape: input.shape?.length === 1 ? [] : [columnsOf(input, width)],
    })),
    outputs: outputs.map(({ name }) => name),
  });
  return { runtime, trees: await TreeSession.open('test.onnx', runtime.signature, recipe) };
}

function columnsOf({ shape }: TensorSpec, width: number): number {
  if (shape?.length === 1) return 1;
  const last = shape?.at(-1);
  return typeof last === 'number' ? last : width;
}

/** The first value that is not the same bit for bit; null: there is none. */
export async function firstDifference(
  { runtime, trees }: BothEngines,
  feeds: ReadonlyMap<string, TensorValue>,
): Promise<string | null> {
  const names = runtime.signature.outputs.map(({ name }) => name);
  const [expected, found] = [await runtime.run(feeds, names), await trees.run(feeds, names)];
  for (const name of names) {
    const [wanted, got] = [expected.get(name), found.get(name)];
    if (wanted === undefined || got === undefined) return `${name} is missing`;
    if (String(wanted.dims) !== String(got.dims)) return `${name} is [${got.dims}], not [${wanted.dims}]`;
    const index = differingIndex(wanted.data, got.data);
    if (index !== -1)
      return `${name}[${index}] is ${String(got.data[index])}, not ${String(wanted.data[index])}`;
  }
  return null;
}

function differingIndex(wanted: TensorData, got: TensorData): number {
  for (let index = 0; index < wanted.length; index++) {
    if (!Object.is(wanted[index], got[index])) return index;
  }
  return -1;
}
