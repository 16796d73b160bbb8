import { allocateTensor, type TensorData } from '../../../core/tensor-data.ts';
import type { ColumnValues } from '../../session.ts';
import type { Recipe, RecipeOutput, Register, Step, StepOf, ValueOperator } from '../graph/recipe.ts';
import { BLOCK_ROWS } from '../kernel/kernel-code.ts';
import { TreeKernel } from '../kernel/tree-kernel.ts';
import { classifierEnd, regressorEnd } from './score-ends.ts';
import {
  arithmeticFunction,
  castFunction,
  equalsFunction,
  imputeFunction,
  lookupFunction,
  normalizeFunction,
  type Run,
} from './step-functions.ts';

/** The values of one column of an input: from `start` on, `stride` apart. */
export interface InputColumn {
  readonly data: ColumnValues;
  readonly start: number;
  readonly stride: number;
}

export type InputColumns = (input: string, column: number) => InputColumn;

type Scores = Float32Array | Float64Array;

/** Computes an operator over a block of values. */
export type OperatorsOf = (
  operator: ValueOperator,
  type: 'float32' | 'float64',
) => (from: Scores, to: Scores) => void;

/** Computes a recipe in this process. */
export class Evaluator {
  readonly #recipe: Recipe;
  readonly #registers: TensorData[];
  readonly #operators: OperatorsOf;
  readonly #kernels: readonly TreeKernel[];
  readonly #steps: readonly Run[];
  #inputs: InputColumns = missing;
  #start = 0;

  /** `operators`: those that the recipe leaves to ONNX Runtime. */
  constructor(recipe: Recipe, operators: OperatorsOf) {
    this.#recipe = recipe;
    this.#operators = operators;
    this.#kernels = recipe.kernels.map((code) => new TreeKernel(code));
    this.#registers = this.#placeRegisters();
    this.#steps = recipe.steps.map((step) => this.#function(step));
  }

  /** The values of each output, row-major. */
  run(inputs: InputColumns, rows: number): ReadonlyMap<string, TensorData> {
    const results = this.#recipe.outputs.map((output) => ({
      output,
      data: allocateTensor(output.type, rows * output.columns.length),
    }));
    this.#inputs = inputs;
    for (this.#start = 0; this.#start < rows; this.#start += BLOCK_ROWS) {
      const block = Math.min(BLOCK_ROWS, rows - this.#start);
      for (const step of this.#steps) step(block);
      for (const { output, data } of results) this.#copyOut(output, data, block);
    }
    return new Map(results.map(({ output, data }) => [output.name, data]));
  }

  /** What the trees compare is written where they read it, and what they add up is read where they leave it. */
  #placeRegisters(): TensorData[] {
    const { registers, steps } = this.#recipe;
    const placed = new Map<Register, TensorData>();
    for (const step of steps) {
      if (step.kind !== 'trees') continue;
      const kernel = this.#kernels[step.kernel] as TreeKernel;
      step.features.forEach((register, index) => {
        if (!placed.has(register)) placed.set(register, kernel.columns[index] as Scores);
      });
      step.to.forEach((register, index) => {
        placed.set(register, kernel.scores[index] as Scores);
      });
    }
    return registers.map((type, register) => placed.get(register) ?? allocateTensor(type, BLOCK_ROWS));
  }

  #function(step: Step): Run {
    const registers = this.#registers;
    switch (step.kind) {
      case 'load':
        return this.#load(step);
      case 'cast':
        return castFunction(
          registers[step.from] as TensorData,
          registers[step.to] as TensorData,
          this.#recipe.registers[step.to] ?? 'float32',
        );
      case 'arithmetic':
        return arithmeticFunction(step, registers);
      case 'impute':
        return imputeFunction(step, registers);
      case 'lookup':
        return lookupFunction(step, registers);
      case 'equals':
        return equalsFunction(step, registers);
      case 'normalize':
        return normalizeFunction(step, registers);
      case 'operator':
        return this.#operator(step);
      case 'trees':
        return this.#trees(step);
      case 'regressor':
        return regressorEnd(step.end, this.#scores(step.from), this.#scores(step.to));
      case 'classifier':
        return this.#classifier(step);
    }
  }

  #load({ input, column, to }: StepOf<'load'>): Run {
    const target = this.#registers[to] as TensorData;
    const isFloat = target instanceof Float32Array;
    return (rows) => {
      const { data, start, stride } = this.#inputs(input, column);
      const first = start + this.#start * stride;
      if (isFloat && data instanceof Float32Array)
        if (stride === 1) target.set(data.subarray(first, first + rows));
        else copyFloats(data, target, first, stride, rows);
      else copyAny(data as Float64Array, target as Float64Array, first, stride, rows);
    };
  }

  /** Over the whole block, whatever is left in its last rows. */
  #operator({ operator, from, to }: StepOf<'operator'>): Run {
    const [source, target] = this.#scores([from, to]) as [Scores, Scores];
    const run = this.#operators(operator, source instanceof Float32Array ? 'float32' : 'float64');
    return () => run(source, target);
  }

  #trees({ kernel: index, features }: StepOf<'trees'>): Run {
    const kernel = this.#kernels[index] as TreeKernel;
    // One that two kernels compare lies where the first of them reads it.
    const copies = features.flatMap((register, position) => {
      const [source, target] = [this.#registers[register], kernel.columns[position]] as [Scores, Scores];
      return source === target ? [] : [{ source, target }];
    });
    return (rows) => {
      for (const { source, target } of copies) target.set(source as never);
      kernel.run(rows);
    };
  }

  #classifier({ end, from, label, to }: StepOf<'classifier'>): Run {
    const positions = new Int32Array(BLOCK_ROWS);
    const run = classifierEnd(end, this.#scores(from), positions, this.#scores(to));
    const target = this.#registers[label] as (string | bigint)[];
    const labels = end.labels.map((each) => (typeof each === 'string' ? each : BigInt(each)));
    return (rows) => {
      run(rows);
      for (let row = 0; row < rows; row++) target[row] = labels[positions[row] as number] as string | bigint;
    };
  }

  #scores(registers: readonly Register[]): readonly Scores[] {
    return registers.map((register) => this.#registers[register] as Scores);
  }

  #copyOut({ columns }: RecipeOutput, data: TensorData, rows: number): void {
    const width = columns.length;
    columns.forEach((register, column) => {
      const source = this.#registers[register] as Float64Array;
      const target = data as Float64Array;
      for (let row = 0, at = this.#start * width + column; row < rows; row++, at += width)
        target[at] = source[row] as number;
    });
  }
}

function missing(): never {
  throw new TypeError('No inputs were given');
}

// Two copies of one loop: a loop that sees one kind of array is several times faster.
function copyFloats(data: Float32Array, to: Float32Array, start: number, width: number, rows: number): void {
  for (let row = 0, at = start; row < rows; row++, at += width) to[row] = data[at] as number;
}

function copyAny(data: Float64Array, to: Float64Array, start: number, width: number, rows: number): void {
  for (let row = 0, at = start; row < rows; row++, at += width) to[row] = data[at] as number;
}
