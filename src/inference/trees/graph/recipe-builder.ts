import type { GraphNode, GraphTensor } from '../../onnx/onnx-graph.ts';
import { type Ensemble, UnsupportedModel } from '../kernel/ensemble.ts';
import type { CompiledKernel } from '../kernel/kernel-code.ts';
import {
  type Recipe,
  type RecipeOutput,
  type Register,
  type RegisterType,
  readBy,
  type Step,
  writtenBy,
} from './recipe.ts';

/** A tensor of the graph whose rows are the rows of the batch. */
export interface Table {
  readonly type: RegisterType;
  readonly columns: readonly Register[];
  /** Whether it is `[rows, columns]`, not `[rows]`. */
  readonly isMatrix: boolean;
}

/** A recipe; by kernel what it was compiled from, and by feature what its trees compare with. */
export interface CompiledRecipe {
  readonly recipe: Recipe;
  readonly cuts: readonly (readonly Float64Array[])[];
  readonly ensembles: readonly Ensemble[];
}

/** Makes the recipe of a graph: what each name stands for, and the steps so far. */
export class RecipeBuilder {
  readonly #tables = new Map<string, Table>();
  readonly #constants: Map<string, GraphTensor>;
  readonly #registers: RegisterType[] = [];
  readonly #steps: Step[] = [];
  readonly #kernels: CompiledKernel[] = [];

  constructor(constants: ReadonlyMap<string, GraphTensor>) {
    this.#constants = new Map(constants);
  }

  register(type: RegisterType): Register {
    return this.#registers.push(type) - 1;
  }

  add(step: Step): void {
    this.#steps.push(step);
  }

  kernel(compiled: CompiledKernel): number {
    return this.#kernels.push(compiled) - 1;
  }

  set(name: string | undefined, table: Table): void {
    if (name !== undefined && name !== '') this.#tables.set(name, table);
  }

  setConstant(name: string | undefined, tensor: GraphTensor): void {
    if (name !== undefined) this.#constants.set(name, tensor);
  }

  /** The table that is the input of a node at `index`. */
  input(node: GraphNode, index = 0): Table {
    const table = this.#tables.get(node.inputs[index] ?? '');
    if (table === undefined)
      throw new UnsupportedModel(`an input of ${node.operator} does not come from the rows`);
    return table;
  }

  inputs(node: GraphNode): readonly Table[] {
    return node.inputs.map((_, index) => this.input(node, index));
  }

  has(name: string): boolean {
    return this.#tables.has(name) || this.#constants.has(name);
  }

  constant(name: string | undefined): GraphTensor | undefined {
    return this.#constants.get(name ?? '');
  }

  /** The numbers of a constant; undefined: it is none, or its numbers are not at hand. */
  numbers(name: string | undefined): readonly number[] | undefined {
    const values = this.constant(name)?.values ?? undefined;
    return values?.filter((value): value is number => typeof value === 'number');
  }

  /** One new column for each of `from`, made by a step of its own. */
  each(
    node: GraphNode,
    from: Table,
    type: RegisterType,
    step: (from: Register, column: number, to: Register) => Step,
  ): void {
    const columns = from.columns.map((register, column) => {
      const to = this.register(type);
      this.add(step(register, column, to));
      return to;
    });
    this.set(node.outputs[0], { ...from, type, columns });
  }

  /** The recipe for `names`, without steps that nothing needs. */
  recipe(names: readonly string[]): CompiledRecipe {
    const outputs = names.map((name): RecipeOutput => {
      const table = this.#tables.get(name);
      if (table === undefined) throw new UnsupportedModel(`its output ${name} is not made from the rows`);
      return { name, ...table };
    });
    const needed = new Set(outputs.flatMap(({ columns }) => columns));
    const steps: Step[] = [];
    for (const step of this.#steps.toReversed()) {
      if (!writtenBy(step).some((register) => needed.has(register))) continue;
      for (const register of readBy(step)) needed.add(register);
      steps.unshift(step);
    }
    const kernels = this.#kernels.map(({ code }) => code);
    return {
      recipe: { registers: this.#registers, steps, kernels, outputs },
      cuts: this.#kernels.map(({ cuts }) => cuts),
      ensembles: this.#kernels.map(({ ensemble }) => ensemble),
    };
  }
}
