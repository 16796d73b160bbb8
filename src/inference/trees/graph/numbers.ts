import type { GraphNode } from '../../onnx/onnx-graph.ts';
import { UnsupportedModel } from '../kernel/ensemble.ts';
import { Attributes } from '../read/attributes.ts';
import type { Follow } from './make-recipe.ts';
import {
  NORMS,
  type Operand,
  type Operation,
  type RegisterType,
  VALUE_OPERATORS,
  type ValueOperator,
} from './recipe.ts';
import type { RecipeBuilder, Table } from './recipe-builder.ts';

/** Operators that compute: here, or where their bits depend on how ONNX Runtime uses vectors, there. */
export const NUMBERS: readonly (readonly [string, Follow])[] = [
  ['Add', (node, builder) => arithmetic('add', node, builder)],
  ['Sub', (node, builder) => arithmetic('sub', node, builder)],
  ['Mul', (node, builder) => arithmetic('mul', node, builder)],
  ['Div', (node, builder) => arithmetic('div', node, builder)],
  ['Sum', sum],
  ['ai.onnx.ml Scaler', scale],
  ['ai.onnx.ml Imputer', impute],
  ['ai.onnx.ml Normalizer', normalize],
  ...VALUE_OPERATORS.map(
    (operator) =>
      [operator, (node: GraphNode, builder: RecipeBuilder) => eachValue(operator, node, builder)] as const,
  ),
];

type Side = { readonly table: Table } | { readonly numbers: readonly number[] };

function arithmetic(operation: Operation, node: GraphNode, builder: RecipeBuilder): void {
  const [left, right] = [sideOf(node, 0, builder), sideOf(node, 1, builder)];
  const tables = [left, right].flatMap((side) => ('table' in side ? [side.table] : []));
  const [first = builder.input(node)] = tables;
  if (
    !isFloat(first.type) ||
    tables.some(({ type, isMatrix }) => type !== first.type || isMatrix !== first.isMatrix)
  )
    throw new UnsupportedModel(`${node.operator} combines other values than floats of the same rows`);
  // [rows] and [columns] would be laid beside each other.
  if (!first.isMatrix && [left, right].some((side) => 'numbers' in side && side.numbers.length > 1))
    throw new UnsupportedModel(`${node.operator} combines rows with a list`);
  const width = Math.max(...[left, right].map(widthOf));
  const columns = Array.from({ length: width }, (_, column) => {
    const to = builder.register(first.type);
    const [a, b] = [left, right].map((side) => operandOf(side, column, width, node)) as [Operand, Operand];
    builder.add({ kind: 'arithmetic', operation, left: a, right: b, to });
    return to;
  });
  builder.set(node.outputs[0], { ...first, columns });
}

function sideOf(node: GraphNode, index: number, builder: RecipeBuilder): Side {
  const constant = builder.constant(node.inputs[index]);
  if (constant === undefined) return { table: builder.input(node, index) };
  const numbers = builder.numbers(node.inputs[index]);
  const { dims } = constant;
  if (
    numbers === undefined ||
    numbers.length === 0 ||
    dims.slice(0, -1).some((size) => size !== 1) ||
    dims.length > 2
  )
    throw new UnsupportedModel(`${node.operator} has a constant of another shape than a row's`);
  return { numbers };
}

function widthOf(side: Side): number {
  return 'table' in side ? side.table.columns.length : side.numbers.length;
}

function operandOf(side: Side, column: number, width: number, { operator }: GraphNode): Operand {
  const index = widthOf(side) === 1 ? 0 : column;
  if (widthOf(side) !== 1 && widthOf(side) !== width)
    throw new UnsupportedModel(`${operator} combines ${widthOf(side)} columns with ${width}`);
  return 'table' in side
    ? { register: side.table.columns[index] as number }
    : { constant: side.numbers[index] as number };
}

/** From left to right. */
function sum(node: GraphNode, builder: RecipeBuilder): void {
  const [first, ...others] = builder.inputs(node);
  if (first === undefined || !isFloat(first.type))
    throw new UnsupportedModel('Sum adds other values than floats');
  let columns = first.columns;
  for (const other of others) {
    if (
      other.type !== first.type ||
      other.isMatrix !== first.isMatrix ||
      other.columns.length !== columns.length
    )
      throw new UnsupportedModel('Sum adds values of several shapes');
    columns = columns.map((left, index) => {
      const to = builder.register(first.type);
      const right = { register: other.columns[index] as number };
      builder.add({ kind: 'arithmetic', operation: 'add', left: { register: left }, right, to });
      return to;
    });
  }
  builder.set(node.outputs[0], { ...first, columns });
}

/** `(x - offset) * scale`, in float32. */
function scale(node: GraphNode, builder: RecipeBuilder): void {
  const from = builder.input(node);
  const attributes = new Attributes(node);
  const [offsets, scales] = [attributes.floats('offset'), attributes.floats('scale')];
  if (from.type !== 'float32') throw new UnsupportedModel(`Scaler scales ${from.type}`);
  const isOne = offsets.length === 1 && scales.length === 1;
  builder.each(node, from, 'float32', (register, column, to) => {
    const [offset, factor] = [offsets[isOne ? 0 : column], scales[isOne ? 0 : column]];
    if (offset === undefined || factor === undefined)
      throw new UnsupportedModel('Scaler has too few scales for its columns');
    const moved = builder.register('float32');
    builder.add({
      kind: 'arithmetic',
      operation: 'sub',
      left: { register },
      right: { constant: offset },
      to: moved,
    });
    return {
      kind: 'arithmetic',
      operation: 'mul',
      left: { register: moved },
      right: { constant: factor },
      to,
    };
  });
}

function impute(node: GraphNode, builder: RecipeBuilder): void {
  const from = builder.input(node);
  const attributes = new Attributes(node);
  const values = attributes.floats('imputed_value_floats');
  if (from.type !== 'float32' || values.length === 0)
    throw new UnsupportedModel(`Imputer fills ${from.type}`);
  const replaced = attributes.float('replaced_value_float', 0);
  builder.each(node, from, 'float32', (register, column, to) => ({
    kind: 'impute',
    from: register,
    replaced: Number.isNaN(replaced) ? null : replaced,
    imputed: values[values.length === from.columns.length ? column : 0] as number,
    to,
  }));
}

function normalize(node: GraphNode, builder: RecipeBuilder): void {
  const from = builder.input(node);
  const name = new Attributes(node).text('norm', 'MAX');
  const norm = NORMS.find((each) => each === name);
  if (from.type !== 'float32' || !from.isMatrix || norm === undefined)
    throw new UnsupportedModel(`Normalizer normalizes ${from.type}`);
  const to = from.columns.map(() => builder.register('float32'));
  builder.add({ kind: 'normalize', norm, from: from.columns, to });
  builder.set(node.outputs[0], { type: 'float32', isMatrix: true, columns: to });
}

function eachValue(operator: ValueOperator, node: GraphNode, builder: RecipeBuilder): void {
  const from = builder.input(node);
  if (!isFloat(from.type)) throw new UnsupportedModel(`${operator} is of ${from.type}`);
  builder.each(node, from, from.type, (register, _, to) => ({
    kind: 'operator',
    operator,
    from: register,
    to,
  }));
}

function isFloat(type: RegisterType): boolean {
  return type === 'float32' || type === 'float64';
}
