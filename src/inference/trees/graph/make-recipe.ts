import type { TensorSpec } from '../../../core/model.ts';
import type { GraphNode, OnnxGraph } from '../../onnx/onnx-graph.ts';
import { UnsupportedModel } from '../kernel/ensemble.ts';
import { ENCODERS } from './encoders.ts';
import { ENSEMBLES, isEnsemble } from './ensembles.ts';
import { NUMBERS } from './numbers.ts';
import { type CompiledRecipe, RecipeBuilder } from './recipe-builder.ts';
import { SHAPES } from './shapes.ts';

/** Follows a node of the graph. Throws `UnsupportedModel`. */
export type Follow = (node: GraphNode, builder: RecipeBuilder) => void;

/** The operators that are computed here, by domain and name, with the bits that ONNX Runtime gives. */
const OPERATORS: ReadonlyMap<string, Follow> = new Map([...SHAPES, ...NUMBERS, ...ENCODERS, ...ENSEMBLES]);

/** An input of a model, with the number of its columns. */
export interface InputShape extends Pick<TensorSpec, 'name' | 'elementType'> {
  readonly columns: number;
  readonly isMatrix: boolean;
}

/** How a graph of trees is computed without ONNX Runtime. Throws `UnsupportedModel`. */
export function makeRecipe(
  graph: OnnxGraph,
  inputs: readonly InputShape[],
  outputs: readonly string[],
): CompiledRecipe {
  const { nodes } = graph;
  if (!nodes.some(isEnsemble)) throw new UnsupportedModel('it has no tree ensemble');
  const builder = new RecipeBuilder(graph.constants);
  for (const input of inputs) loadInput(builder, input);
  const needed = nodesFor(nodes, outputs);
  for (const node of needed) {
    const follow = OPERATORS.get(`${node.domain} ${node.operator}`.trim());
    if (follow === undefined)
      throw new UnsupportedModel(`its operator ${node.operator} is not one of the tree engine`);
    follow(node, builder);
  }
  return builder.recipe(outputs);
}

function loadInput(builder: RecipeBuilder, { name, elementType, columns, isMatrix }: InputShape): void {
  // Nobody exports such trees.
  if (elementType === 'float16') throw new UnsupportedModel(`its input ${name} is float16`);
  const registers = Array.from({ length: columns }, (_, column) => {
    const to = builder.register(elementType);
    builder.add({ kind: 'load', input: name, column, to });
    return to;
  });
  builder.set(name, { type: elementType, columns: registers, isMatrix });
}

/** The nodes that the outputs depend on, in their order: a ZipMap at the end is left out. */
function nodesFor(nodes: readonly GraphNode[], outputs: readonly string[]): readonly GraphNode[] {
  const wanted = new Set(outputs);
  return nodes
    .toReversed()
    .filter((node) => {
      const isNeeded = node.outputs.some((name) => wanted.has(name));
      if (isNeeded) for (const name of node.inputs) wanted.add(name);
      return isNeeded;
    })
    .toReversed();
}
