import type { ModelSignature } from '../../core/model.ts';
import type { TensorValue } from '../model-session.ts';
import type { Session } from '../session.ts';
import { Evaluator } from './evaluate/evaluator.ts';
import type { Recipe } from './graph/recipe.ts';

/** A model of trees that is computed without ONNX Runtime. It has the outputs that it was compiled for. */
export class TreeSession implements Session {
  readonly path: string;
  readonly signature: ModelSignature;
  readonly rowLimit = null;
  readonly #recipe: Recipe;
  readonly #evaluator: Evaluator;

  constructor(path: string, signature: ModelSignature, recipe: Recipe) {
    this.path = path;
    this.signature = signature;
    this.#recipe = recipe;
    this.#evaluator = new Evaluator(recipe);
  }

  async run(
    feeds: ReadonlyMap<string, TensorValue>,
    outputs: readonly string[],
  ): Promise<ReadonlyMap<string, TensorValue>> {
    let rows = 0;
    const inputs = new Map(
      [...feeds].map(([name, { data, dims }]) => {
        const [first = 1, ...others] = dims;
        rows = first;
        return [name, { data, width: others.reduce((product, size) => product * size, 1) }];
      }),
    );
    const results = this.#evaluator.run(inputs, rows);
    const values = new Map<string, TensorValue>();
    for (const { name, columns, isMatrix } of this.#recipe.outputs) {
      const data = results.get(name);
      if (data === undefined || !outputs.includes(name)) continue;
      values.set(name, { data, dims: isMatrix ? [rows, columns.length] : [rows] });
    }
    return values;
  }

  async close(): Promise<void> {}
}
