import type { InputBinding } from '../../core/plan.ts';
import { parseOnnxGraph } from '../onnx-graph.ts';
import { type InputShape, makeRecipe } from './graph/make-recipe.ts';
import type { CompiledRecipe } from './graph/recipe-builder.ts';

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
  return makeRecipe(parseOnnxGraph(model), shapes, outputs);
}
