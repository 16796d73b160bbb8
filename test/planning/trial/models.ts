import type { Dimension, ElementType } from '../../../src/core/model.ts';
import type { OnnxGraph, OnnxNode } from '../../support/onnx.ts';

type Shape = readonly Dimension[] | null;

/** A graph from `x` to `y`, of float32. */
export function graphOf(
  x: Shape,
  y: Shape,
  nodes: readonly OnnxNode[],
  weights: OnnxGraph['weights'] = [],
  elementType: ElementType = 'float32',
): OnnxGraph {
  return {
    inputs: [{ name: 'x', elementType, shape: x }],
    outputs: [{ name: 'y', elementType, shape: y }],
    nodes,
    weights,
  };
}

export const node = (
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: OnnxNode['attributes'] = {},
): OnnxNode => ({ operator, inputs, outputs, attributes });

export const transpose = (x: Shape, y: Shape, perm: readonly number[]): OnnxGraph =>
  graphOf(x, y, [node('Transpose', ['x'], ['y'], { perm })]);

/** `y` is `x` in another shape. */
export const reshape = (x: Shape, y: Shape, to: readonly number[]): OnnxGraph =>
  graphOf(x, y, [node('Reshape', ['x', 'to'], ['y'])], [{ name: 'to', integers: to }]);

/** `y` is `x` times a matrix of so many rows and columns: 1, 2, 3, ... */
export function product(x: Shape, y: Shape, shape: readonly [number, number]): OnnxGraph {
  const values = Array.from({ length: shape[0] * shape[1] }, (_, index) => index + 1);
  return graphOf(x, y, [node('MatMul', ['x', 'w'], ['y'])], [{ name: 'w', values, shape }]);
}
