import { expect, it } from 'vitest';
import type { ElementType, ModelSignature } from '../../../src/core/model.ts';
import { parseOnnxGraph } from '../../../src/inference/onnx/onnx-graph.ts';
import { isRowWise } from '../../../src/inference/onnx/row-wise.ts';
import { networkGraph } from '../../support/networks.ts';
import { type OnnxGraph, type OnnxNode, onnxFile } from '../../support/onnx.ts';

const WEIGHTS = [
  { name: 'w', shape: [3, 3], values: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
  { name: 'row', shape: [1, 3], values: [1, 2, 3] },
  { name: 'columns', values: [1, 2, 3] },
  { name: 'one', values: [2] },
  { name: 'last', integers: [1] },
  { name: 'first', integers: [0] },
];

/** From `x`, a matrix of three columns, to `y`. */
function graph(...nodes: OnnxNode[]): OnnxGraph {
  return {
    inputs: [{ name: 'x', elementType: 'float32', shape: ['rows', 3] }],
    outputs: [{ name: 'y', elementType: 'float32', shape: ['rows', 3] }],
    nodes,
    weights: WEIGHTS,
  };
}

const DOUBLES: Partial<OnnxGraph> = {
  inputs: [{ name: 'x', elementType: 'float64', shape: ['rows', 3] }],
  outputs: [{ name: 'y', elementType: 'float64', shape: ['rows', 3] }],
};

/** The weights of `rows` classes, and names for three. */
function classifier(rows: number): OnnxNode {
  const floats = (count: number) => ({ floats: Array.from({ length: count }, (_, index) => index) });
  return {
    ...{ operator: 'LinearClassifier', domain: 'ai.onnx.ml', inputs: ['x'], outputs: ['label', 'y'] },
    attributes: {
      coefficients: floats(3 * rows),
      intercepts: floats(rows),
      classlabels_strings: { texts: ['low', 'mid', 'high'] },
    },
  };
}

function node(operator: string, inputs: readonly string[], more: Partial<OnnxNode> = {}): OnnxNode {
  return { operator, inputs, outputs: ['y'], ...more };
}

const check = (model: OnnxGraph): boolean => {
  const { inputs, outputs } = model;
  const signature: ModelSignature = { inputs, outputs, skippedOutputs: [], featureNames: null };
  return isRowWise(parseOnnxGraph(onnxFile(model)), signature);
};

it.each<[what: string, model: OnnxGraph]>([
  ['layers of MatMul, Add and Relu', networkGraph([10, 64, 32, 1])],
  ['a Gemm', graph(node('Gemm', ['x', 'w', 'columns']))],
  ['what is added to all rows', graph(node('Add', ['row', 'x']))],
  ['a Softmax over the columns', graph(node('Softmax', ['x'], { attributes: { axis: -1 } }))],
  [
    'a Softmax of what becomes float32',
    {
      ...graph(
        { operator: 'Cast', inputs: ['x'], outputs: ['h'], attributes: { to: 1 } },
        node('Softmax', ['h']),
      ),
      ...DOUBLES,
    },
  ],
  ['a classifier with the weights of each class', graph(classifier(3))],
  ['columns side by side', graph(node('Concat', ['x', 'x'], { attributes: { axis: 1 } }))],
  [
    'one column as a value a row',
    graph({ operator: 'Relu', inputs: ['x'], outputs: ['h'] }, node('Squeeze', ['h', 'last'])),
  ],
  ['values by a constant', graph(node('Div', ['x', 'columns']))],
  ['a Scaler', graph(node('Scaler', ['x'], { domain: 'ai.onnx.ml' }))],
  ['values between bounds', graph(node('Clip', ['x', '', 'one']))],
])('%s: each row is computed from itself', (_, model) => {
  expect(check(model)).toBe(true);
});

it.each<[what: string, model: OnnxGraph]>([
  ['weights that are made of rows', networkGraph([10, 8, 1], { weightsFromRows: true })],
  ['rows by rows', graph(node('MatMul', ['x', 'x']))],
  ['a matrix that is turned', graph(node('Gemm', ['x', 'w'], { attributes: { transA: 1 } }))],
  ['another value for each row', graph(node('Add', ['x', 'w']))],
  ['a Softmax over the rows', graph(node('Softmax', ['x'], { attributes: { axis: 0 } }))],
  ['a Softmax of float64, which may see a NaN elsewhere', { ...graph(node('Softmax', ['x'])), ...DOUBLES }],
  [
    'a LogSoftmax of what becomes float64',
    graph(
      { operator: 'Cast', inputs: ['x'], outputs: ['h'], attributes: { to: 11 } },
      node('LogSoftmax', ['h']),
    ),
  ],
  ['the larger one of 0 and -0', graph(node('Max', ['x', 'columns']))],
  ['the smaller one of them', graph(node('Min', ['x', 'columns']))],
  ['a classifier with fewer weights than classes', graph(classifier(1))],
  ['rows above rows', graph(node('Concat', ['x', 'x'], { attributes: { axis: 0 } }))],
  ['the dimension of rows taken away', graph(node('Squeeze', ['x', 'first']))],
  ['values by values, of which one may be zero', graph(node('Div', ['x', 'x']))],
  ['a sum over the rows', graph(node('ReduceSum', ['x', 'first']))],
  ['a matrix by a value a row, which is another matrix', graph(...squeezed('Mul', 'x'))],
  ['a value a row and one for each column', graph(...squeezed('Add', 'columns'))],
  ['a scale that follows the largest value', graph(node('DynamicQuantizeLinear', ['x']))],
  ['a category that may not be known', graph(node('Gather', ['w', 'x']))],
  ['an operator of the same name elsewhere', graph(node('Relu', ['x'], { domain: 'elsewhere' }))],
  ['an input that nobody knows', graph(node('Add', ['x', 'unknown']))],
  ['a fixed number of rows', { ...graph(node('Relu', ['x'])), inputs: [input([16, 3])] }],
  ['three dimensions', { ...graph(node('Relu', ['x'])), inputs: [input(['rows', 3, 1])] }],
  ['a shape that is not said', { ...graph(node('Relu', ['x'])), inputs: [input(null)] }],
  ['text', { ...graph(node('Identity', ['x'])), inputs: [input(['rows', 3], 'string')] }],
  [
    'weights in another file',
    { ...graph(node('MatMul', ['x', 'far'])), weights: [{ name: 'far', file: 'far.bin', length: 9 }] },
  ],
])('%s: not shown', (_, model) => {
  expect(check(model)).toBe(false);
});

function squeezed(operator: string, other: string): OnnxNode[] {
  return [
    { operator: 'Squeeze', inputs: ['x', 'last'], outputs: ['h'] },
    { operator, inputs: ['h', other], outputs: ['y'] },
  ];
}

function input(shape: OnnxGraph['inputs'][number]['shape'], elementType: ElementType = 'float32') {
  return { name: 'x', elementType, shape };
}
