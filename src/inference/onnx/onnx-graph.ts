import { WireReader } from './wire-reader.ts';

/** The computation of a model, as far as it can be followed without ONNX Runtime. */
export interface OnnxGraph {
  readonly nodes: readonly GraphNode[];
  readonly constants: ReadonlyMap<string, GraphTensor>;
  /** Names of inputs; constants may be among them. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export interface GraphNode {
  readonly operator: string;
  /** Empty: ONNX's own. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

/** What an attribute holds; what it does not hold is empty, 0 or null. */
export interface Attribute {
  readonly float: number;
  readonly int: number;
  readonly text: string;
  readonly tensor: GraphTensor | null;
  readonly floats: readonly number[];
  readonly ints: readonly number[];
  readonly texts: readonly string[];
  /** A graph within the graph: a branch or a loop. */
  readonly hasGraph: boolean;
}

/** Its numbers; null where they lie in another file or are of a type that no tree is made of. */
export interface GraphTensor {
  /** As in onnx.proto3: 1 float, 7 int64, 8 string, 11 double. */
  readonly type: number;
  readonly dims: readonly number[];
  readonly values: readonly number[] | readonly string[] | null;
}

/** TensorProto.DataType */
export const TENSOR_TYPE = {
  float: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  double: 11,
} as const;

type Field = (field: number, reader: WireReader) => boolean;

/** Reads an .onnx file. Field numbers are those of onnx.proto3. Throws a plain error where it is cut off or wrong. */
export function parseOnnxGraph(bytes: Uint8Array): OnnxGraph {
  let graph: OnnxGraph = { nodes: [], constants: new Map(), inputs: [], outputs: [] };
  eachField(bytes, (field, reader) => {
    if (field !== 7) return false;
    graph = readGraph(reader.bytes());
    return true;
  });
  return graph;
}

function readGraph(bytes: Uint8Array): OnnxGraph {
  const nodes: GraphNode[] = [];
  const constants = new Map<string, GraphTensor>();
  const inputs: string[] = [];
  const outputs: string[] = [];
  eachField(bytes, (field, reader) => {
    if (field === 1) nodes.push(readNode(reader.bytes()));
    else if (field === 5) {
      const { name, ...tensor } = readTensor(reader.bytes());
      constants.set(name, tensor);
    } else if (field === 11) inputs.push(readName(reader.bytes()));
    else if (field === 12) outputs.push(readName(reader.bytes()));
    else return false;
    return true;
  });
  return { nodes, constants, inputs, outputs };
}

/** A node with its attributes. */
export function readNode(bytes: Uint8Array): GraphNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, Attribute>();
  let operator = '';
  let domain = '';
  eachField(bytes, (field, reader) => {
    if (field === 1) inputs.push(reader.string());
    else if (field === 2) outputs.push(reader.string());
    else if (field === 4) operator = reader.string();
    else if (field === 7) domain = reader.string();
    else if (field === 5) {
      const { name, ...attribute } = readAttribute(reader.bytes());
      attributes.set(name, attribute);
    } else return false;
    return true;
  });
  return { operator, domain: domain === 'ai.onnx' ? '' : domain, inputs, outputs, attributes };
}

function readAttribute(bytes: Uint8Array): Attribute & { readonly name: string } {
  let name = '';
  let float = 0;
  let int = 0;
  let text = '';
  let tensor: GraphTensor | null = null;
  let hasGraph = false;
  const floats: number[] = [];
  const ints: number[] = [];
  const texts: string[] = [];
  eachField(bytes, (field, reader) => {
    if (field === 1) name = reader.string();
    else if (field === 2) float = reader.float();
    else if (field === 3) int = reader.int64();
    else if (field === 4) text = reader.string();
    else if (field === 5) tensor = readTensor(reader.bytes());
    else if (field === 7) reader.floats(floats);
    else if (field === 8) reader.int64s(ints);
    else if (field === 9) reader.strings(texts);
    else {
      hasGraph ||= field === 6 || field === 11;
      return false;
    }
    return true;
  });
  return { name, float, int, text, tensor, floats, ints, texts, hasGraph };
}

function readTensor(bytes: Uint8Array): GraphTensor & { readonly name: string } {
  const dims: number[] = [];
  const numbers: number[] = [];
  const texts: string[] = [];
  let name = '';
  let type = 0;
  let raw: Uint8Array | null = null;
  let isElsewhere = false;
  eachField(bytes, (field, reader) => {
    if (field === 1) reader.int64s(dims);
    else if (field === 2) type = reader.int32();
    else if (field === 4) reader.floats(numbers);
    else if (field === 5 || field === 7) reader.int64s(numbers);
    else if (field === 6) reader.strings(texts);
    else if (field === 8) name = reader.string();
    else if (field === 9) raw = reader.bytes();
    else if (field === 10) reader.doubles(numbers);
    else {
      isElsewhere ||= field === 13 || field === 14;
      return false;
    }
    return true;
  });
  const values = type === TENSOR_TYPE.string ? texts : raw === null ? numbers : fromRaw(raw, type);
  return { name, type, dims, values: isElsewhere ? null : values };
}

function fromRaw(raw: Uint8Array, type: number): readonly number[] | null {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const every = (bytes: number, read: (at: number) => number): number[] =>
    Array.from({ length: Math.floor(raw.byteLength / bytes) }, (_, index) => read(index * bytes));
  switch (type) {
    case TENSOR_TYPE.float:
      return every(4, (at) => view.getFloat32(at, true));
    case TENSOR_TYPE.double:
      return every(8, (at) => view.getFloat64(at, true));
    case TENSOR_TYPE.int64:
      return every(8, (at) => Number(view.getBigInt64(at, true)));
    case TENSOR_TYPE.int32:
      return every(4, (at) => view.getInt32(at, true));
    case TENSOR_TYPE.int8:
      return every(1, (at) => view.getInt8(at));
    case TENSOR_TYPE.uint8:
    case TENSOR_TYPE.bool:
      return every(1, (at) => view.getUint8(at));
    default:
      return null;
  }
}

/** ValueInfoProto */
function readName(bytes: Uint8Array): string {
  let name = '';
  eachField(bytes, (field, reader) => {
    if (field !== 1) return false;
    name = reader.string();
    return true;
  });
  return name;
}

/** `visit` reads the field, and those of its number that follow, and answers true; or leaves it. */
function eachField(bytes: Uint8Array, visit: Field): void {
  const reader = new WireReader(bytes);
  while (reader.next()) if (!visit(reader.field, reader)) reader.skip();
}
