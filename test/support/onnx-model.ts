import protobuf from 'protobufjs/minimal.js';

// Field numbers of onnx.proto3 (github.com/onnx/onnx).
const FLOAT = 1;
const EXTERNAL = 1;

/** An element type of a tensor, or a map from int64 to float32 (what CastMap takes). */
export type ModelInput =
  | { readonly name: string; readonly columns: number }
  | { readonly name: string; readonly map: true };

export interface TinyModel {
  readonly inputs: readonly ModelInput[];
  readonly node: { readonly type: string; readonly domain?: string; readonly inputs: readonly string[] };
  /** One tensor `w` of one float, in a file beside the model or elsewhere. */
  readonly weightsIn?: string;
  readonly featureNames?: readonly string[];
}

/** The bytes of an ONNX model of one node, whose output is `y`: for models that nobody would export. */
export function onnxModel({ inputs, node, weightsIn, featureNames }: TinyModel): Uint8Array {
  const graph = message((w) => {
    nested(w, 1, (n) => {
      for (const input of node.inputs) n.uint32(tag(1)).string(input);
      n.uint32(tag(2)).string('y').uint32(tag(4)).string(node.type);
      if (node.domain !== undefined) n.uint32(tag(7)).string(node.domain);
    });
    w.uint32(tag(2)).string('graph');
    if (weightsIn !== undefined) nested(w, 5, (t) => externalTensor(t, weightsIn));
    for (const input of inputs) nested(w, 11, (v) => valueInfo(v, input));
    nested(w, 12, (v) => valueInfo(v, { name: 'y', columns: 1 }));
  });
  return message((w) => {
    w.uint32(varintTag(1)).int64(8);
    for (const [domain, version] of [
      ['', 17],
      ['ai.onnx.ml', 2],
      ['com.example', 1],
    ] as const)
      nested(w, 8, (o) => o.uint32(tag(1)).string(domain).uint32(varintTag(2)).int64(version));
    w.uint32(tag(7)).bytes(graph);
    if (featureNames !== undefined)
      nested(w, 14, (m) =>
        m.uint32(tag(1)).string('feature_names').uint32(tag(2)).string(JSON.stringify(featureNames)),
      );
  });
}

function externalTensor(w: protobuf.Writer, location: string): void {
  w.uint32(varintTag(1)).int64(1).uint32(varintTag(2)).int32(FLOAT).uint32(tag(8)).string('w');
  nested(w, 13, (e) => e.uint32(tag(1)).string('location').uint32(tag(2)).string(location));
  w.uint32(varintTag(14)).int32(EXTERNAL);
}

function valueInfo(w: protobuf.Writer, input: ModelInput): void {
  w.uint32(tag(1)).string(input.name);
  nested(w, 2, (type) => {
    if ('map' in input) nested(type, 5, (m) => mapType(m));
    else nested(type, 1, (t) => tensorType(t, input.columns));
  });
}

function mapType(w: protobuf.Writer): void {
  const INT64 = 7;
  w.uint32(varintTag(1)).int32(INT64);
  nested(w, 2, (value) => nested(value, 1, (t) => t.uint32(varintTag(1)).int32(FLOAT)));
}

/** float32 [rows, columns] */
function tensorType(w: protobuf.Writer, columns: number): void {
  w.uint32(varintTag(1)).int32(FLOAT);
  nested(w, 2, (shape) => {
    nested(shape, 1, (dim) => dim.uint32(tag(2)).string('rows'));
    nested(shape, 1, (dim) => dim.uint32(varintTag(1)).int64(columns));
  });
}

function message(fill: (writer: protobuf.Writer) => void): Uint8Array {
  const writer = protobuf.Writer.create();
  fill(writer);
  return writer.finish();
}

function nested(writer: protobuf.Writer, field: number, fill: (inner: protobuf.Writer) => void): void {
  writer.uint32(tag(field)).fork();
  fill(writer);
  writer.ldelim();
}

function tag(field: number): number {
  return (field << 3) | 2;
}

function varintTag(field: number): number {
  return field << 3;
}
