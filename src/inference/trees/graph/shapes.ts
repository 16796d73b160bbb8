import { type GraphNode, TENSOR_TYPE } from '../../onnx/onnx-graph.ts';
import { UnsupportedModel } from '../kernel/ensemble.ts';
import { Attributes } from '../read/attributes.ts';
import type { Follow } from './make-recipe.ts';
import type { Register, RegisterType } from './recipe.ts';
import type { RecipeBuilder } from './recipe-builder.ts';

/** Operators that only move columns. */
export const SHAPES: readonly (readonly [string, Follow])[] = [
  ['Identity', (node, builder) => builder.set(node.outputs[0], builder.input(node))],
  ['Cast', cast],
  ['Concat', concat],
  ['Constant', constant],
  ['Reshape', reshape],
  ['Flatten', flatten],
  ['Squeeze', squeeze],
  ['Unsqueeze', unsqueeze],
  ['Gather', gather],
  ['ai.onnx.ml ArrayFeatureExtractor', extract],
  ['ai.onnx.ml FeatureVectorizer', vectorize],
];

const CAST_TYPES: ReadonlyMap<number, RegisterType> = new Map([
  [TENSOR_TYPE.float, 'float32'],
  [TENSOR_TYPE.double, 'float64'],
  [TENSOR_TYPE.int64, 'int64'],
  [TENSOR_TYPE.int32, 'int32'],
]);

const INTEGERS: ReadonlySet<RegisterType> = new Set([
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'bool',
]);

function cast(node: GraphNode, builder: RecipeBuilder): void {
  const from = builder.input(node);
  const to = new Attributes(node).int('to', 0);
  const type = CAST_TYPES.get(to);
  if (type === undefined || !canCast(from.type, type))
    throw new UnsupportedModel(`it casts ${from.type} to ${type ?? `ONNX's type ${to}`}`);
  if (type === from.type) builder.set(node.outputs[0], from);
  else builder.each(node, from, type, (register, _, to) => ({ kind: 'cast', from: register, to }));
}

function canCast(from: RegisterType, to: RegisterType): boolean {
  if (from === to) return true;
  const isFloat = to === 'float32' || to === 'float64';
  return INTEGERS.has(from) || (isFloat && (from === 'float32' || from === 'float64'));
}

function concat(node: GraphNode, builder: RecipeBuilder): void {
  const axis = new Attributes(node).int('axis', 1);
  const tables = builder.inputs(node);
  const [first] = tables;
  if (first === undefined || !tables.every(({ type, isMatrix }) => type === first.type && isMatrix))
    throw new UnsupportedModel('Concat joins more than columns of one type');
  if (axis !== 1 && axis !== -1) throw new UnsupportedModel('Concat joins rows');
  builder.set(node.outputs[0], { ...first, columns: tables.flatMap(({ columns }) => columns) });
}

function constant(node: GraphNode, builder: RecipeBuilder): void {
  const value = new Attributes(node).get('value')?.tensor;
  if (value === undefined || value === null) throw new UnsupportedModel('a Constant is not a tensor');
  builder.setConstant(node.outputs[0], value);
}

function reshape(node: GraphNode, builder: RecipeBuilder): void {
  const from = builder.input(node);
  const shape = builder.numbers(node.inputs[1]) ?? new Attributes(node).ints('shape');
  const [first, second] = shape;
  const { length: columns } = from.columns;
  const isColumn = shape.length === 1 && first === -1 && columns === 1;
  const isMatrix =
    shape.length === 2 && (second === columns ? first === -1 || first === 0 : first === 0 && second === -1);
  if (!isColumn && !isMatrix) throw new UnsupportedModel('Reshape does more than to keep the rows');
  builder.set(node.outputs[0], { ...from, isMatrix });
}

function flatten(node: GraphNode, builder: RecipeBuilder): void {
  const axis = new Attributes(node).int('axis', 1);
  const from = builder.input(node);
  if (axis !== 1) throw new UnsupportedModel('Flatten does more than to keep the rows');
  builder.set(node.outputs[0], { ...from, isMatrix: true });
}

function squeeze(node: GraphNode, builder: RecipeBuilder): void {
  const from = builder.input(node);
  const axes = axesOf(node, builder);
  const [axis] = axes;
  if (axes.length !== 1 || (axis !== 1 && axis !== -1) || !from.isMatrix || from.columns.length !== 1)
    throw new UnsupportedModel('Squeeze does more than to keep the rows');
  builder.set(node.outputs[0], { ...from, isMatrix: false });
}

function unsqueeze(node: GraphNode, builder: RecipeBuilder): void {
  const from = builder.input(node);
  const axes = axesOf(node, builder);
  const [axis] = axes;
  if (axes.length !== 1 || (axis !== 1 && axis !== -1) || from.isMatrix)
    throw new UnsupportedModel('Unsqueeze does more than to keep the rows');
  builder.set(node.outputs[0], { ...from, isMatrix: true });
}

/** An attribute of older models, an input of newer ones. */
function axesOf(node: GraphNode, builder: RecipeBuilder): readonly number[] {
  return builder.numbers(node.inputs[1]) ?? new Attributes(node).ints('axes');
}

function gather(node: GraphNode, builder: RecipeBuilder): void {
  const axis = new Attributes(node).int('axis', 0);
  const from = builder.input(node);
  const indices = builder.constant(node.inputs[1]);
  if ((axis !== 1 && axis !== -1) || indices === undefined || indices.dims.length > 1)
    throw new UnsupportedModel('Gather takes more than columns');
  const isMatrix = indices.dims.length === 1;
  builder.set(node.outputs[0], {
    ...from,
    isMatrix,
    columns: pick(from.columns, builder.numbers(node.inputs[1])),
  });
}

function extract(node: GraphNode, builder: RecipeBuilder): void {
  const from = builder.input(node);
  if (!from.isMatrix) throw new UnsupportedModel('ArrayFeatureExtractor takes more than columns');
  builder.set(node.outputs[0], { ...from, columns: pick(from.columns, builder.numbers(node.inputs[1])) });
}

function pick(columns: readonly Register[], indices: readonly number[] | undefined): readonly Register[] {
  if (indices === undefined) throw new UnsupportedModel('columns are chosen row by row');
  return indices.map((index) => {
    const register = columns.at(index);
    if (register === undefined) throw new UnsupportedModel(`column ${index} is taken of ${columns.length}`);
    return register;
  });
}

/** Its output is float32, whatever comes in. */
function vectorize(node: GraphNode, builder: RecipeBuilder): void {
  const tables = builder.inputs(node);
  if (!tables.every(({ type }) => type === 'float32'))
    throw new UnsupportedModel('FeatureVectorizer casts other types than float32');
  const dimensions = new Attributes(node).ints('inputdimensions');
  if (!tables.every(({ columns }, index) => columns.length === dimensions[index]))
    throw new UnsupportedModel('FeatureVectorizer takes some columns of an input only');
  const columns = tables.flatMap((table) => table.columns);
  builder.set(node.outputs[0], { type: 'float32', isMatrix: true, columns });
}
