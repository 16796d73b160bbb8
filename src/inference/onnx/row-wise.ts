import type { ModelSignature } from '../../core/model.ts';
import { type GraphNode, type GraphTensor, type OnnxGraph, TENSOR_TYPE } from './onnx-graph.ts';

/** What is computed for each row. */
interface Rows {
  readonly rank: 1 | 2;
  readonly isDouble: boolean;
}

/** A value of a graph: one that is the same for all rows, or one whose first dimension are the rows. */
type Value = { readonly constant: GraphTensor } | Rows;

/** What an operator makes of its inputs; null: it cannot be said that no row sees another one. */
type Follow = (inputs: readonly (Value | undefined)[], node: GraphNode) => Value | null;

/**
 * Whether a model computes each row from that row alone, by operators that fail on no value: what it answers does not
 * depend on which rows share a call, as long as calls consist of whole groups of rows (docs/adr/0010-batch-size.md).
 * False where the graph does not show it.
 */
export function isRowWise(graph: OnnxGraph, signature: ModelSignature): boolean {
  const values = new Map<string, Value>();
  for (const [name, constant] of graph.constants) {
    // Its size is not known: it lies in another file, or is of a rare type.
    if (constant.values === null) return false;
    values.set(name, { constant });
  }
  for (const { name, elementType, shape } of signature.inputs) {
    const rank = shape?.length;
    if ((rank !== 1 && rank !== 2) || typeof shape?.[0] === 'number' || elementType === 'string')
      return false;
    values.set(name, { rank, isDouble: elementType === 'float64' });
  }
  for (const node of graph.nodes) {
    const value = follow(node, values);
    if (value === null) continue;
    for (const name of outputsOf(node, value)) values.set(name.name, name.value);
  }
  return signature.outputs.every(({ name }) => isRows(values.get(name)));
}

function follow(node: GraphNode, values: ReadonlyMap<string, Value>): Value | null {
  const inputs = node.inputs.map((name) => values.get(name));
  // An input that may be left out has no name; one that is not known has no value.
  if (node.inputs.some((name, index) => name !== '' && inputs[index] === undefined)) return null;
  return OPERATORS.get(`${node.domain} ${node.operator}`.trim())?.(inputs, node) ?? null;
}

/** A classifier has its labels, one a row, before its scores. */
function outputsOf(
  { operator, outputs }: GraphNode,
  value: Value,
): readonly { readonly name: string; readonly value: Value }[] {
  const [first = '', second = ''] = outputs;
  if (operator !== 'LinearClassifier') return [{ name: first, value }];
  return [
    { name: first, value: { rank: 1, isDouble: false } },
    { name: second, value },
  ];
}

function isRows(value: Value | undefined): value is Rows {
  return value !== undefined && 'rank' in value;
}

const isMatrix = (value: Value | undefined): value is Rows => isRows(value) && value.rank === 2;

const isConstant = (value: Value | undefined): value is { readonly constant: GraphTensor } =>
  value !== undefined && 'constant' in value;

/** A value, or one for each column: not one for each row, nor one that adds a dimension. */
function isSameForAllRows(value: Value | undefined): boolean {
  if (!isConstant(value)) return false;
  const { dims } = value.constant;
  return dims.length < 2 || (dims.length === 2 && dims[0] === 1);
}

const isSingle = (value: Value): boolean =>
  isConstant(value) && value.constant.dims.length < 2 && (value.constant.dims[0] ?? 1) === 1;

const given = (inputs: readonly (Value | undefined)[]): readonly Value[] =>
  inputs.filter((input) => input !== undefined);

/** The operators of ai.onnx.ml answer in float32, whatever they take. */
const FLOATS: Value = { rank: 2, isDouble: false };

/** Value by value; what else it takes is the same for all values. */
const each: Follow = ([value, ...others]) => (isRows(value) && given(others).every(isSingle) ? value : null);

/** Values of the same row, or of none. */
const pairwise: Follow = (inputs) => {
  const [rows] = inputs.filter(isRows);
  if (rows === undefined) return null;
  const fits = (value: Value): boolean => {
    if (isRows(value)) return value.rank === rows.rank;
    return rows.rank === 2 ? isSameForAllRows(value) : isSingle(value);
  };
  return given(inputs).every(fits) ? rows : null;
};

/** Whole numbers by a zero, which may stand where a value is missing, would end the process. */
const quotient: Follow = (inputs, node) => (isConstant(inputs[1]) ? pairwise(inputs, node) : null);

/** A matrix of rows by a matrix of weights, and what is added to each row. */
const product: Follow = ([rows, weights, added], { attributes }) =>
  isMatrix(rows) &&
  isConstant(weights) &&
  weights.constant.dims.length === 2 &&
  (added === undefined || isSameForAllRows(added)) &&
  (attributes.get('transA')?.int ?? 0) === 0
    ? rows
    : null;

const isLastAxis = (axis: number | undefined): boolean => axis === 1 || axis === -1;

/** Over the columns of each row. */
const alongRow: Follow = ([rows, ...others], { attributes, outputs }) =>
  isMatrix(rows) &&
  given(others).every(isSameForAllRows) &&
  isLastAxis(attributes.get('axis')?.int ?? -1) &&
  outputs.slice(1).every((name) => name === '')
    ? rows
    : null;

/** In float64, what a row with a NaN becomes depends on where it stands in its call. */
const shares: Follow = (inputs, node) => {
  const [rows] = inputs;
  return isRows(rows) && !rows.isDouble ? alongRow(inputs, node) : null;
};

const concatenation: Follow = (inputs, { attributes }) => {
  const [first] = inputs;
  return first !== undefined && inputs.every(isMatrix) && isLastAxis(attributes.get('axis')?.int)
    ? first
    : null;
};

const normalization: Follow = ([rows, ...others], { attributes, outputs }) =>
  isMatrix(rows) &&
  others.length === 4 &&
  others.every(isSameForAllRows) &&
  outputs.length === 1 &&
  (attributes.get('training_mode')?.int ?? 0) === 0
    ? rows
    : null;

const matrix: Follow = ([rows, ...others]) => (isMatrix(rows) && others.length === 0 ? FLOATS : null);

/** With two classes and the weights of one, ONNX Runtime leaves some scores as they were in memory. */
const classifier: Follow = (inputs, node) => {
  const { attributes } = node;
  const count = (name: string, list: 'ints' | 'texts' | 'floats'): number =>
    attributes.get(name)?.[list].length ?? 0;
  const labels = Math.max(count('classlabels_ints', 'ints'), count('classlabels_strings', 'texts'));
  return count('intercepts', 'floats') === labels ? matrix(inputs, node) : null;
};

const flatten: Follow = ([rows], { attributes }) =>
  isMatrix(rows) && (attributes.get('axis')?.int ?? 1) === 1 ? rows : null;

/** One column as a value a row, or the other way round. */
const column =
  (from: 1 | 2, to: 1 | 2): Follow =>
  ([rows, axes], { attributes }) => {
    const list = isConstant(axes) ? axes.constant.values : attributes.get('axes')?.ints;
    const isLast = list?.length === 1 && isLastAxis(Number(list[0]));
    return isRows(rows) && rows.rank === from && isLast ? { ...rows, rank: to } : null;
  };

const cast: Follow = ([rows], { attributes }) => {
  const to = attributes.get('to')?.int;
  return isRows(rows) && to !== TENSOR_TYPE.string ? { ...rows, isDouble: to === TENSOR_TYPE.double } : null;
};

const constant: Follow = (_, { attributes }) => {
  const tensor = attributes.get('value')?.tensor;
  return tensor === undefined || tensor === null ? null : { constant: tensor };
};

const EACH = `Abs Ceil Celu Clip Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity LeakyRelu Log Mish Neg
  Reciprocal Relu Round Selu Sigmoid Sign Softplus Softsign Sqrt Tanh ThresholdedRelu`;
/** Not Max and Min: which of 0 and -0 is the larger one depends on where a row stands in its call. */
const PAIRWISE = 'Add Mul PRelu Pow Sub';

/** By domain and name. What is not here may look at other rows, or fail on some values. */
const OPERATORS: ReadonlyMap<string, Follow> = new Map<string, Follow>([
  ...EACH.split(/\s+/).map((name) => [name, each] as const),
  ...PAIRWISE.split(' ').map((name) => [name, pairwise] as const),
  ['Div', quotient],
  ['Gemm', product],
  ['MatMul', product],
  ['Softmax', shares],
  ['LogSoftmax', shares],
  ['LayerNormalization', alongRow],
  ['BatchNormalization', normalization],
  ['Concat', concatenation],
  ['Flatten', flatten],
  ['Squeeze', column(2, 1)],
  ['Unsqueeze', column(1, 2)],
  ['Cast', cast],
  ['Constant', constant],
  ['ai.onnx.ml Scaler', matrix],
  ['ai.onnx.ml Normalizer', matrix],
  ['ai.onnx.ml LinearRegressor', matrix],
  ['ai.onnx.ml LinearClassifier', classifier],
]);
