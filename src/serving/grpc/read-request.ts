import { ServeBatchError } from '../../core/errors.ts';
import { NUMBER_BYTES, putFloat32 } from '../../kv/shortest-number.ts';
import { DATATYPES, type Datatype } from '../open-inference/datatypes.ts';
import { type InferRequest, inferRequestSchema } from '../open-inference/infer-request.ts';
import type { InferInput, ModelInferRequest, Parameters, TensorContents } from './messages.ts';
import { type RawElement, readRaw } from './raw-tensors.ts';

/** The same request as REST has it. Throws a `ZodError` or `USAGE` for one that does not fit. */
export function readRequest(message: ModelInferRequest): InferRequest {
  const { id, inputs, outputs, parameters, raw_input_contents: raw } = message;
  if (raw.length > 0) checkRaw(message);
  return inferRequestSchema.parse({
    ...(id === '' ? {} : { id }),
    parameters: valuesOf(parameters),
    inputs: inputs.map((input, index) => ({
      name: input.name,
      datatype: input.datatype,
      shape: input.shape.map(Number),
      parameters: valuesOf(input.parameters),
      ...dataOf(input, raw.length > 0 ? raw[index] : undefined),
    })),
    outputs: outputs.map((output) => ({ name: output.name, parameters: valuesOf(output.parameters) })),
  });
}

function checkRaw({ inputs, raw_input_contents: raw }: ModelInferRequest): void {
  if (raw.length !== inputs.length)
    throw new ServeBatchError(
      'USAGE',
      `The request has ${inputs.length} inputs and ${raw.length} raw_input_contents. Give one for each input.`,
    );
  const both = inputs.find(({ contents }) => contents !== null);
  if (both === undefined) return;
  throw new ServeBatchError(
    'USAGE',
    `The input "${both.name}" has contents, and the request has raw_input_contents. Give one of them.`,
    { fields: { field: both.name } },
  );
}

/** Of a datatype that is unknown there is no data: the request is refused for it. */
function dataOf({ name, datatype, contents }: InferInput, raw: Buffer | undefined) {
  if (!isDatatype(datatype)) return {};
  const elements = raw === undefined ? elementsOf(contents ?? {}, datatype) : readRaw(raw, datatype, name);
  return { data: elements.map((element, index) => jsonValueOf(element, datatype, `${name}[${index}]`)) };
}

function isDatatype(name: string): name is Datatype {
  return DATATYPES.some((each) => each === name);
}

function elementsOf(contents: TensorContents, datatype: Datatype): readonly RawElement[] {
  const {
    bool_contents = [],
    int64_contents = [],
    uint64_contents = [],
    fp32_contents = [],
    fp64_contents = [],
  } = contents;
  const { int_contents = [], uint_contents = [], bytes_contents = [] } = contents;
  switch (datatype) {
    case 'BOOL':
      return bool_contents;
    case 'INT64':
      return int64_contents.map(BigInt);
    case 'UINT64':
      return uint64_contents.map(BigInt);
    case 'FP32':
      return fp32_contents;
    case 'FP64':
      return fp64_contents;
    case 'BYTES':
      return bytes_contents;
    default:
      return datatype.startsWith('U') ? uint_contents : int_contents;
  }
}

/** As JSON would hold it, but for whole numbers of 64 bits. */
function jsonValueOf(element: RawElement, datatype: Datatype, place: string): unknown {
  if (Buffer.isBuffer(element)) return textOf(element, place);
  if (datatype !== 'FP32' || typeof element !== 'number' || !Number.isFinite(element)) return element;
  // A client that means 0.1 sends the float32 next to it, and the store holds the shortest decimal.
  return Number(shortestFloat32(element));
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(bytes: Buffer, place: string): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw new ServeBatchError('USAGE', `${place} is not a text in UTF-8.`, {
      fields: { field: place },
      cause,
    });
  }
}

function shortestFloat32(value: number): string {
  const bytes = Buffer.alloc(NUMBER_BYTES);
  return bytes.toString('latin1', 0, putFloat32(bytes, 0, [value], 0));
}

/** Parameters by their names, each with the one value that it has. */
function valuesOf(parameters: Parameters): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, parameter]) => {
      const { parameter_choice: choice } = parameter;
      return [name, choice === undefined ? null : parameter[choice]];
    }),
  );
}
