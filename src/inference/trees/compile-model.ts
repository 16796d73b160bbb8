import type { InputBinding } from '../../core/plan.ts';
import { parseOnnxGraph } from '../onnx/onnx-graph.ts';
import { type InputShape, makeRecipe } from './graph/make-recipe.ts';
import type { CompiledRecipe } from './graph/recipe-builder.ts';
import { UnsupportedModel } from './kernel/ensemble.ts';

/** What a job takes of a model. */
export interface ModelUse {
  readonly inputs: readonly Pick<InputBinding, 'input' | 'elementType' | 'columns' | 'rowShape'>[];
  readonly outputs: readonly string[];
}

/** A model of trees, compiled for what a job takes of it. Throws `UnsupportedModel`, which says why it is left. */
export function compileModel(model: Uint8Array, { inputs, outputs }: ModelUse): CompiledRecipe {
  const shapes = inputs.map(
    ({ input, elementType, columns, rowShape }): InputShape => ({
      name: input,
      elementType,
      columns: columns.length,
      isMatrix: rowShape.length === 1,
    }),
  );
  const graph = parseOnnxGraph(model);
  try {
    return makeRecipe(graph, shapes, outputs);
  } catch (error) {
    throw isTooDeep(error) ? new UnsupportedModel('its trees are too deep') : error;
  }
}

/** Trees are walked by functions that call themselves: a chain of thousands of branches is more than V8's stack holds. */
function isTooDeep(error: unknown): boolean {
  return error instanceof RangeError && error.message.includes('call stack');
}
