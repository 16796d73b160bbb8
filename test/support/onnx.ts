import { writeFile } from 'node:fs/promises';
import protobuf from 'protobufjs/minimal.js';
import type { Dimension, ElementType } from '../../src/core/model.ts';

/** A small ONNX model, written by hand: enough for tests and the benchmark, which want real models without an exporter. */
export interface OnnxGraph {
  readonly inputs: readonly OnnxTensor[];
  readonly outputs: readonly OnnxTensor[];
  readonly nodes: readonly OnnxNode[];
  readonly weights?: readonly (OnnxWeights | OnnxIntegers)[];
  readonly metadata?: Readonly<Record<string, string>>;
  /** The version of the domain ai.onnx.ml; left out: 3. */
  readonly mlOpset?: number;
}

export interface OnnxTensor {
  readonly name: string;
  readonly elementType: ElementType;
  /** A number is a fixed size, a text a symbolic one, null an unknown one; null instead of a list: not said. */
  readonly shape: readonly Dimension[] | null;
}

export interface OnnxNode {
  readonly operator: string;
  /** Left out: ONNX's own. */
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

/** An int64 constant, as shapes, axes and indices are. */
export interface OnnxIntegers {
  readonly name: string;
  readonly integers: readonly number[];
  /** One dimension where it is left out. */
  readonly shape?: readonly number[];
}

/** Numbers and lists of them are integers; a tensor has one dimension. */
export type OnnxAttribute =
  | number
  | readonly number[]
  | { readonly float: number }
  | { readonly text: string }
  | { readonly floats: readonly number[] }
  | { readonly texts: readonly string[] }
  | {
      readonly tensor: 'float32' | 'float64' | 'uint8' | 'int64' | 'string';
      readonly values: readonly (number | string)[];
    };

/** A float32 constant: here in the model, of one dimension where no shape is given, or in a file beside it. */
export type OnnxWeights = { readonly name: string } & (
  | { readonly values: ArrayLike<number>; readonly shape?: readonly number[] }
  | { readonly file: string; readonly length: number }
);

// onnx.proto3 (github.com/onnx/onnx): TensorProto.DataType.
const DATA_TYPES: Readonly<Record<ElementType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
};
const IR_VERSION = 8;
const OPSET = 17;
export const ML_DOMAIN = 'ai.onnx.ml';

/** `y` is `x`: what comes out must be what went in. Rows of `columns` values; `batch` is the first dimension. */
export function identityGraph(
  columns: number,
  elementType: ElementType = 'float32',
  batch: Dimension = 'rows',
): OnnxGraph {
  return {
    inputs: [{ name: 'x', elementType, shape: [batch, columns] }],
    outputs: [{ name: 'y', elementType, shape: [batch, columns] }],
    nodes: [{ operator: 'Identity', inputs: ['x'], outputs: ['y'] }],
  };
}

/** Writes a model and returns its path. */
export async function writeOnnx(path: string, graph: OnnxGraph): Promise<string> {
  await writeFile(path, onnxFile(graph));
  return path;
}

/** The bytes of an `.onnx` file. Field numbers are those of onnx.proto3. */
export function onnxFile({
  inputs,
  outputs,
  nodes,
  weights = [],
  metadata = {},
  mlOpset = 3,
}: OnnxGraph): Uint8Array {
  const model = protobuf.Writer.create();
  putNumber(model, 1, IR_VERSION);
  nested(model, 8, (opset) => putNumber(opset, 2, OPSET));
  if (nodes.some(({ domain }) => domain === ML_DOMAIN))
    nested(model, 8, (opset) => {
      putText(opset, 1, ML_DOMAIN);
      putNumber(opset, 2, mlOpset);
    });
  nested(model, 7, (graph) => {
    for (const node of nodes) nested(graph, 1, (writer) => putNode(writer, node));
    putText(graph, 2, 'test');
    for (const each of weights)
      nested(graph, 5, (writer) =>
        'integers' in each ? putIntegers(writer, each) : putWeights(writer, each),
      );
    for (const input of inputs) nested(graph, 11, (writer) => putTensor(writer, input));
    for (const output of outputs) nested(graph, 12, (writer) => putTensor(writer, output));
  });
  for (const [key, value] of Object.entries(metadata)) putEntry(model, 14, key, value);
  return model.finish();
}

/** NodeProto */
function putNode(
  writer: protobuf.Writer,
  { operator, domain, inputs, outputs, attributes = {} }: OnnxNode,
): void {
  for (const input of inputs) putText(writer, 1, input);
  for (const output of outputs) putText(writer, 2, output);
  putText(writer, 4, operator);
  for (const [name, value] of Object.entries(attributes))
    nested(writer, 5, (attribute) => putAttribute(attribute, name, value));
  if (domain !== undefined) putText(writer, 7, domain);
}

/** AttributeProto, with its type in field 20. */
function putAttribute(writer: protobuf.Writer, name: string, value: OnnxAttribute): void {
  putText(writer, 1, name);
  const type = (number: number): void => putNumber(writer, 20, number);
  if (typeof value === 'number') {
    putNumber(writer, 3, value);
    type(2);
  } else if ('float' in value) {
    writer.uint32((2 << 3) | FIXED32).float(value.float);
    type(1);
  } else if ('text' in value) {
    putText(writer, 4, value.text);
    type(3);
  } else if ('floats' in value) {
    nested(writer, 7, (list) => {
      for (const each of value.floats) list.float(each);
    });
    type(6);
  } else if ('texts' in value) {
    for (const each of value.texts) putText(writer, 9, each);
    type(8);
  } else if ('tensor' in value) {
    nested(writer, 5, (tensor) => putValues(tensor, value));
    type(4);
  } else {
    nested(writer, 8, (list) => {
      for (const each of value) list.int64(each);
    });
    type(7);
  }
}

/** TensorProto of one dimension */
function putValues(
  writer: protobuf.Writer,
  { tensor, values }: Extract<OnnxAttribute, { tensor: string }>,
): void {
  putNumber(writer, 1, values.length);
  putNumber(writer, 2, DATA_TYPES[tensor]);
  if (tensor === 'string') {
    for (const each of values) putText(writer, 6, String(each));
    return;
  }
  const numbers = values.map(Number);
  const arrays = {
    float32: () => Float32Array.from(numbers),
    float64: () => Float64Array.from(numbers),
    uint8: () => Uint8Array.from(numbers),
    int64: () => BigInt64Array.from(numbers.map(BigInt)),
  };
  putBytes(writer, 9, new Uint8Array(arrays[tensor]().buffer));
}

/** ValueInfoProto with a TypeProto.Tensor */
function putTensor(writer: protobuf.Writer, { name, elementType, shape }: OnnxTensor): void {
  putText(writer, 1, name);
  nested(writer, 2, (type) =>
    nested(type, 1, (tensor) => {
      putNumber(tensor, 1, DATA_TYPES[elementType]);
      if (shape === null) return;
      nested(tensor, 2, (dims) => {
        for (const dim of shape) nested(dims, 1, (each) => putDimension(each, dim));
      });
    }),
  );
}

function putDimension(writer: protobuf.Writer, dim: Dimension): void {
  if (typeof dim === 'number') putNumber(writer, 1, dim);
  else if (dim !== null) putText(writer, 2, dim);
}

/** TensorProto */
function putWeights(writer: protobuf.Writer, weights: OnnxWeights): void {
  const shape = 'values' in weights ? (weights.shape ?? [weights.values.length]) : [weights.length];
  for (const size of shape) putNumber(writer, 1, size);
  putNumber(writer, 2, DATA_TYPES.float32);
  putText(writer, 8, weights.name);
  if ('values' in weights) {
    putBytes(writer, 9, new Uint8Array(new Float32Array(weights.values).buffer));
    return;
  }
  putEntry(writer, 13, 'location', weights.file);
  const EXTERNAL = 1;
  putNumber(writer, 14, EXTERNAL);
}

/** TensorProto of int64 */
function putIntegers(writer: protobuf.Writer, { name, integers, shape }: OnnxIntegers): void {
  for (const size of shape ?? [integers.length]) putNumber(writer, 1, size);
  putNumber(writer, 2, DATA_TYPES.int64);
  putText(writer, 8, name);
  putBytes(writer, 9, new Uint8Array(BigInt64Array.from(integers.map(BigInt)).buffer));
}

/** StringStringEntryProto */
function putEntry(writer: protobuf.Writer, field: number, key: string, value: string): void {
  nested(writer, field, (entry) => {
    putText(entry, 1, key);
    putText(entry, 2, value);
  });
}

// Wire types of protobuf: the lowest three bits of a field's key.
const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

function putNumber(writer: protobuf.Writer, field: number, value: number): void {
  writer.uint32((field << 3) | VARINT).int64(value);
}

function putText(writer: protobuf.Writer, field: number, text: string): void {
  writer.uint32((field << 3) | LENGTH_DELIMITED).string(text);
}

function putBytes(writer: protobuf.Writer, field: number, bytes: Uint8Array): void {
  writer.uint32((field << 3) | LENGTH_DELIMITED).bytes(bytes);
}

/** A message within a message. */
function nested(writer: protobuf.Writer, field: number, write: (inner: protobuf.Writer) => void): void {
  writer.uint32((field << 3) | LENGTH_DELIMITED).fork();
  write(writer);
  writer.ldelim();
}
