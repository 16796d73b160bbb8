import type { OutputClasses } from '../../core/model.ts';
import { readNode } from './onnx-graph.ts';
import { CLASSIFIERS, classesOfOutputs, type Link, labelsOf } from './output-classes.ts';
import { WIRE, WireReader } from './wire-reader.ts';

/** What stands in the .onnx file itself and ONNX Runtime's Node binding does not tell. */
export interface OnnxFile {
  readonly metadata: ReadonlyMap<string, string>;
  /** The program that wrote it, `skl2onnx 1.16.0`; empty where it does not say. */
  readonly producer: string;
  /** Which versions of the operators it was written for, in order. */
  readonly opsets: readonly Opset[];
  /** Files, relative to the model's folder, that hold its weights. */
  readonly externalDataFiles: readonly string[];
  /** Inputs and outputs of its graph that are tensors without a shape; ONNX Runtime tells them as single values. */
  readonly withoutShape: ReadonlySet<string>;
  /** The operators of its graph, in order; those inside branches and loops are left out. */
  readonly operators: readonly Operator[];
  /** Outputs that are labels of classes, or their scores. */
  readonly classes: Readonly<Record<string, OutputClasses>>;
}

export interface Opset {
  /** `ai.onnx`: ONNX's own. */
  readonly domain: string;
  readonly version: number;
}

export interface Operator {
  readonly name: string;
  /** Empty: ONNX's own. */
  readonly domain: string;
}

// Field numbers of onnx.proto3 (github.com/onnx/onnx): ModelProto, GraphProto, NodeProto, AttributeProto, ValueInfoProto, TypeProto, TensorProto, StringStringEntryProto, OperatorSetIdProto.
const MODEL_PRODUCER = 2;
const MODEL_PRODUCER_VERSION = 3;
const MODEL_GRAPH = 7;
const MODEL_OPSET = 8;
const MODEL_METADATA = 14;
const GRAPH_NODE = 1;
const NODE_INPUT = 1;
const NODE_OUTPUT = 2;
const NODE_OPERATOR = 4;
const NODE_DOMAIN = 7;
const GRAPH_INITIALIZER = 5;
const GRAPH_SPARSE_INITIALIZER = 15;
const NODE_ATTRIBUTE = 5;
const ATTRIBUTE_TENSORS: ReadonlySet<number> = new Set([5, 10]);
const ATTRIBUTE_GRAPHS: ReadonlySet<number> = new Set([6, 11]);
const GRAPH_INPUT = 11;
const GRAPH_OUTPUT = 12;
const VALUE_NAME = 1;
const VALUE_TYPE = 2;
const TYPE_TENSOR = 1;
const TENSOR_SHAPE = 2;
const TENSOR_EXTERNAL_DATA = 13;
/** The entry of a tensor's external data that names its file. */
const LOCATION = 'location';
const ENTRY_KEY = 1;
const ENTRY_VALUE = 2;
const OPSET_DOMAIN = 1;
const OPSET_VERSION = 2;

/** Throws a plain error where the protobuf is cut off or wrong. */
export function parseOnnxFile(bytes: Uint8Array): OnnxFile {
  const metadata = new Map<string, string>();
  const external = new Set<string>();
  const withoutShape = new Set<string>();
  const operators: Operator[] = [];
  const links: Link[] = [];
  const classifiers = new Map<string, readonly string[]>();
  const outputs: string[] = [];
  const opsets: Opset[] = [];
  const producer = new Map<number, string>();
  eachField(bytes, (field, value) => {
    if (field === MODEL_METADATA) {
      const [key, text] = readEntry(value);
      metadata.set(key, text);
    } else if (field === MODEL_PRODUCER || field === MODEL_PRODUCER_VERSION) {
      producer.set(field, Buffer.from(value).toString('utf8'));
    } else if (field === MODEL_OPSET) {
      opsets.push(readOpset(value));
    } else if (field === MODEL_GRAPH) {
      // A model of trees has a field for each number of each node: where no tensor can be elsewhere, none is visited.
      if (holds(value, LOCATION)) collectFromGraph(value, external);
      eachField(value, (graphField, message) => {
        if (graphField === GRAPH_NODE) {
          const { domain, ...link } = readLink(message);
          operators.push({ name: link.operator, domain });
          links.push(link);
          if (CLASSIFIERS.has(link.operator))
            classifiers.set(link.outputs[0] ?? '', labelsOf(readNode(message)));
        }
        if (graphField === GRAPH_INPUT || graphField === GRAPH_OUTPUT) {
          const { name, hasShape } = readValue(message);
          if (!hasShape) withoutShape.add(name);
          if (graphField === GRAPH_OUTPUT) outputs.push(name);
        }
      });
    }
  });
  const made = [producer.get(MODEL_PRODUCER), producer.get(MODEL_PRODUCER_VERSION)];
  return {
    metadata,
    producer: made.filter((each) => each !== undefined && each !== '').join(' '),
    opsets,
    externalDataFiles: [...external].sort(),
    withoutShape,
    operators,
    classes: classesOfOutputs(links, classifiers, outputs),
  };
}

/** An empty domain is ONNX's own. */
function readOpset(bytes: Uint8Array): Opset {
  const reader = new WireReader(bytes);
  let domain = '';
  let version = 0;
  while (reader.next()) {
    if (reader.field === OPSET_DOMAIN) domain = reader.string();
    else if (reader.field === OPSET_VERSION) version = reader.uint32();
    else reader.skip();
  }
  return { domain: domain || 'ai.onnx', version };
}

/** A node without its attributes, which may be large. */
function readLink(node: Uint8Array): Link & { readonly domain: string } {
  const inputs: string[] = [];
  const outputs: string[] = [];
  let operator = '';
  let domain = '';
  eachField(node, (field, value) => {
    const text = (): string => Buffer.from(value).toString('utf8');
    if (field === NODE_INPUT) inputs.push(text());
    if (field === NODE_OUTPUT) outputs.push(text());
    if (field === NODE_OPERATOR) operator = text();
    if (field === NODE_DOMAIN) domain = text();
  });
  return { operator, domain, inputs, outputs };
}

function readValue(value: Uint8Array): { readonly name: string; readonly hasShape: boolean } {
  let name = '';
  let hasShape = false;
  eachField(value, (field, content) => {
    if (field === VALUE_NAME) name = Buffer.from(content).toString('utf8');
    if (field === VALUE_TYPE)
      eachField(content, (kind, tensor) => {
        if (kind === TYPE_TENSOR)
          eachField(tensor, (part) => {
            hasShape ||= part === TENSOR_SHAPE;
          });
      });
  });
  return { name, hasShape };
}

/** Tensors lie in a graph, and in the attributes of its nodes; so do further graphs, of branches and loops. */
function collectFromGraph(graph: Uint8Array, external: Set<string>): void {
  eachField(graph, (field, message) => {
    if (field === GRAPH_INITIALIZER) collectFromTensor(message, external);
    if (field === GRAPH_SPARSE_INITIALIZER)
      eachField(message, (_, tensor) => collectFromTensor(tensor, external));
    if (field === GRAPH_NODE)
      eachField(message, (part, attribute) => {
        if (part === NODE_ATTRIBUTE) collectFromAttribute(attribute, external);
      });
  });
}

function collectFromAttribute(attribute: Uint8Array, external: Set<string>): void {
  eachField(attribute, (field, value) => {
    if (ATTRIBUTE_TENSORS.has(field)) collectFromTensor(value, external);
    if (ATTRIBUTE_GRAPHS.has(field)) collectFromGraph(value, external);
  });
}

function collectFromTensor(tensor: Uint8Array, external: Set<string>): void {
  eachField(tensor, (field, value) => {
    if (field !== TENSOR_EXTERNAL_DATA) return;
    const [key, text] = readEntry(value);
    if (key === LOCATION) external.add(text);
  });
}

function holds(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(text);
}

function readEntry(bytes: Uint8Array): [key: string, value: string] {
  let key = '';
  let text = '';
  eachField(bytes, (field, value) => {
    if (field === ENTRY_KEY) key = Buffer.from(value).toString('utf8');
    if (field === ENTRY_VALUE) text = Buffer.from(value).toString('utf8');
  });
  return [key, text];
}

/** Visits the length-delimited fields of a message and skips the others. */
function eachField(bytes: Uint8Array, visit: (field: number, value: Uint8Array) => void): void {
  const reader = new WireReader(bytes);
  while (reader.next()) {
    if (reader.wire === WIRE.lengthDelimited) visit(reader.field, reader.bytes());
    else reader.skip();
  }
}
