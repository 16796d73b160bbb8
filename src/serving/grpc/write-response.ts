import { ServeBatchError } from '../../core/errors.ts';
import { type Datatype, isFloat, isInRange, isInteger } from '../open-inference/datatypes.ts';
import type { Inferred } from '../open-inference/infer.ts';
import type { Element, OutputTensor } from '../open-inference/output-tensors.ts';
import type { InferParameter, ModelInferResponse, TensorContents } from './messages.ts';
import { writeRaw } from './raw-tensors.ts';

type Present = string | boolean;

/**
 * The answer as a message; `isRaw`: its tensors in their raw form. Throws `USAGE` where an element that is not a float
 * has no value, since a tensor has no other way to say so, and `STORE_REFUSED` for a number that is not of its type.
 */
export function writeResponse(
  { model, version, id, parameters, tensors }: Inferred,
  isRaw: boolean,
): ModelInferResponse {
  const written = tensors.map((tensor) => ({ tensor, elements: tensor.data.map(presentIn(tensor)) }));
  const heads = tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape }));
  return {
    model_name: model,
    model_version: version,
    id: id ?? '',
    parameters: Object.fromEntries(
      Object.entries(parameters).map(([name, value]) => [name, parameterOf(value)]),
    ),
    ...(isRaw
      ? {
          outputs: heads,
          raw_output_contents: written.map(({ tensor, elements }) => writeRaw(elements, tensor.datatype)),
        }
      : {
          outputs: heads.map((head, index) => ({
            ...head,
            contents: contentsOf(written[index]?.elements ?? [], head.datatype),
          })),
        }),
  };
}

function presentIn({ name, datatype, shape }: OutputTensor): (element: Element, index: number) => Present {
  return (element, index) => {
    if (element !== null && fits(element, datatype)) return element;
    if (element !== null)
      throw new ServeBatchError(
        'STORE_REFUSED',
        `The store holds a value of "${name}" that is not ${datatype}.`,
      );
    if (isFloat(datatype)) return 'NaN';
    const row = Math.floor(index / (shape[1] ?? 1));
    throw new ServeBatchError(
      'USAGE',
      `The output "${name}" has no value at index ${row}, and a tensor of ${datatype} cannot say so over gRPC. Leave that key or that output out, or ask over REST.`,
      { fields: { field: name } },
    );
  };
}

/** Digits that are no number of the type would become another number. */
function fits(element: Present, datatype: Datatype): boolean {
  return !isInteger(datatype) || (/^-?\d+$/.test(String(element)) && isInRange(BigInt(element), datatype));
}

function contentsOf(elements: readonly Present[], datatype: Datatype): TensorContents {
  switch (datatype) {
    case 'BOOL':
      return { bool_contents: elements.map((each) => each === true) };
    case 'BYTES':
      return { bytes_contents: elements.map((each) => Buffer.from(String(each))) };
    case 'INT64':
      return { int64_contents: elements.map(String) };
    case 'UINT64':
      return { uint64_contents: elements.map(String) };
    case 'FP32':
      return { fp32_contents: elements.map(Number) };
    case 'FP64':
      return { fp64_contents: elements.map(Number) };
    default:
      return datatype.startsWith('U')
        ? { uint_contents: elements.map(Number) }
        : { int_contents: elements.map(Number) };
  }
}

function parameterOf(value: string | number | boolean): InferParameter {
  if (typeof value === 'string') return { parameter_choice: 'string_param', string_param: value };
  if (typeof value === 'boolean') return { parameter_choice: 'bool_param', bool_param: value };
  if (!Number.isInteger(value)) return { parameter_choice: 'double_param', double_param: value };
  return { parameter_choice: 'int64_param', int64_param: value };
}
