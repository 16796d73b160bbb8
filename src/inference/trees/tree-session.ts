import type { ModelSignature } from '../../core/model.ts';
import type { TensorValue } from '../model-session.ts';
import type { ColumnScorer, Session } from '../session.ts';
import { Evaluator } from './evaluate/evaluator.ts';
import { operatorsOf, type RuntimeOperators } from './evaluate/runtime-operators.ts';
import type { Recipe } from './graph/recipe.ts';

/** A model of trees that is computed without ONNX Runtime. It has the outputs that it was compiled for. */
export class TreeSession implements Session {
  readonly path: string;
  readonly signature: ModelSignature;
  readonly rowLimit = null;
  readonly columns: ColumnScorer = {
    score: (columns, rows) =>
      this.#evaluator.run((input, column) => ({ data: columns(input, column), start: 0, stride: 1 }), rows),
  };
  readonly #recipe: Recipe;
  readonly #operators: RuntimeOperators;
  readonly #evaluator: Evaluator;

  private constructor(
    path: string,
    signature: ModelSignature,
    { recipe, operators }: { readonly recipe: Recipe; readonly operators: RuntimeOperators },
  ) {
    this.path = path;
    this.signature = signature;
    this.#recipe = recipe;
    this.#operators = operators;
    this.#evaluator = new Evaluator(recipe, operators.of);
  }

  /** Throws `UnsupportedModel` where ONNX Runtime computes none of its operators at once. */
  static async open(path: string, signature: ModelSignature, recipe: Recipe): Promise<TreeSession> {
    return new TreeSession(path, signature, { recipe, operators: await operatorsOf(recipe) });
  }

  async run(
    feeds: ReadonlyMap<string, TensorValue>,
    outputs: readonly string[],
  ): Promise<ReadonlyMap<string, TensorValue>> {
    const [first] = feeds.values();
    const rows = first?.dims[0] ?? 0;
    const results = this.#evaluator.run((input, column) => {
      const fed = feeds.get(input);
      if (fed === undefined) throw new TypeError(`The input ${input} is missing`);
      const { data, dims } = fed;
      return { data, start: column, stride: dims.slice(1).reduce((product, size) => product * size, 1) };
    }, rows);
    const values = new Map<string, TensorValue>();
    for (const { name, columns, isMatrix } of this.#recipe.outputs) {
      const data = results.get(name);
      if (data === undefined || !outputs.includes(name)) continue;
      values.set(name, { data, dims: isMatrix ? [rows, columns.length] : [rows] });
    }
    return values;
  }

  async close(): Promise<void> {
    this.#operators.close();
  }
}
