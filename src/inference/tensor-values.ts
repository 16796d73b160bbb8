import type { ModelSignature } from '../core/model.ts';
import type { TensorData } from '../core/tensor-data.ts';
import type { TensorValue } from './model-session.ts';
import { Tensor } from './onnxruntime.ts';

/** Tensors of ONNX Runtime over the values of a call. */
export function tensorsOf(
  { inputs }: Pick<ModelSignature, 'inputs'>,
  feeds: ReadonlyMap<string, TensorValue>,
): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {};
  for (const [name, { data, dims }] of feeds) {
    const type = inputs.find((input) => input.name === name)?.elementType ?? 'float32';
    tensors[name] = new Tensor(type, data as Float32Array, dims);
  }
  return tensors;
}

/** What ONNX Runtime answers, as values. */
export function valuesOf(
  results: Readonly<Record<string, Tensor>>,
  outputs: readonly string[],
): ReadonlyMap<string, TensorValue> {
  const values = new Map<string, TensorValue>();
  for (const name of outputs) {
    const tensor = results[name];
    if (tensor !== undefined) values.set(name, { data: tensor.data as TensorData, dims: tensor.dims });
  }
  return values;
}
