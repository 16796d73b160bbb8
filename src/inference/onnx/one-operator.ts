/** The numbers of ONNX for element types (TensorProto.DataType). */
const TYPES = { float32: 1, float64: 11 } as const;
export type OperatorType = keyof typeof TYPES;

/** The newest version of the operators in which the types of all have been as they are. */
const OPSET = 13;
const IR_VERSION = 8;

/** A model that is one operator without attributes, over a list of so many values: `x` to `y`. */
export function oneOperatorModel(operator: string, type: OperatorType, values: number): Uint8Array {
  const node = [...text(1, 'x'), ...text(2, 'y'), ...text(4, operator)];
  const graph = [
    ...message(1, node),
    ...text(2, operator),
    ...message(11, valueInfo('x', type, values)),
    ...message(12, valueInfo('y', type, values)),
  ];
  return Uint8Array.from([...whole(1, IR_VERSION), ...message(7, graph), ...message(8, whole(2, OPSET))]);
}

function valueInfo(name: string, type: OperatorType, values: number): readonly number[] {
  const shape = message(1, whole(1, values));
  const tensor = [...whole(1, TYPES[type]), ...message(2, shape)];
  return [...text(1, name), ...message(2, message(1, tensor))];
}

// Fields of Protocol Buffers: a tag of number and kind, and a varint or bytes behind their length.
function whole(field: number, value: number): readonly number[] {
  return [field << 3, ...varint(value)];
}

function message(field: number, bytes: readonly number[]): readonly number[] {
  return [(field << 3) | 2, ...varint(bytes.length), ...bytes];
}

function text(field: number, value: string): readonly number[] {
  return message(field, [...Buffer.from(value)]);
}

function varint(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}
