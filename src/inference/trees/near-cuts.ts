import type {
  Operand,
  Operation,
  Register,
  RegisterType,
  Step,
  StepOf,
  ValueOperator,
} from './graph/recipe.ts';
import type { CompiledRecipe } from './graph/recipe-builder.ts';
import { nextFloat32, nextFloat64 } from './kernel/next-float.ts';

/** A value of an input column, as a tensor of its type holds it. */
export type Candidate = number | bigint | string;

/** By input and column: values of it around everything that the trees compare with. */
export type Candidates = ReadonlyMap<string, ReadonlyMap<number, readonly Candidate[]>>;

/**
 * For each column of the inputs the values at, one step above and one step below each cut of its features,
 * NaN, both infinities and both zeros; of a column that is encoded, its categories and one that is none.
 */
export function candidatesOf({ recipe, cuts }: CompiledRecipe): Candidates {
  const collector = new Collector(recipe.registers, recipe.steps);
  for (const step of recipe.steps) {
    if (step.kind !== 'trees') continue;
    step.features.forEach((register, index) => {
      collector.visit(register, [...(cuts[step.kernel]?.[index] ?? [])]);
    });
  }
  return collector.found();
}

/** A text that no encoder knows. Without NUL, at which ONNX Runtime would end it: an empty text may be a category. */
const UNKNOWN = '\u0001unknown';

/** Goes back from what the trees compare to the inputs that it is made of. */
class Collector {
  readonly #types: readonly RegisterType[];
  readonly #makers = new Map<Register, Step>();
  readonly #found = new Map<string, Map<number, Set<Candidate>>>();

  constructor(types: readonly RegisterType[], steps: readonly Step[]) {
    this.#types = types;
    for (const step of steps)
      if ('to' in step && typeof step.to === 'number') this.#makers.set(step.to, step);
  }

  /** `wanted`: values that the register shall have. */
  visit(register: Register, wanted: readonly number[]): void {
    const step = this.#makers.get(register);
    if (step?.kind === 'load') this.#add(step, valuesOf(this.#type(register), wanted));
    else if (step?.kind === 'cast' || step?.kind === 'impute') this.visit(step.from, wanted);
    else if (step?.kind === 'arithmetic') this.#visitSides(step, wanted);
    else if (step?.kind === 'operator') this.visit(step.from, wanted.map(INVERSES[step.operator]));
    else if (step?.kind === 'lookup') this.#visitKeys(step.from, step.keys);
    else if (step?.kind === 'equals') this.#visitKeys(step.from, [step.value]);
  }

  found(): Candidates {
    return new Map(
      [...this.#found].map(([input, columns]) => [
        input,
        new Map([...columns].map(([column, values]) => [column, withBothZeros(values)])),
      ]),
    );
  }

  #visitSides({ operation, left, right }: StepOf<'arithmetic'>, wanted: readonly number[]): void {
    if ('register' in left) this.visit(left.register, undo(operation, right, wanted, 'left'));
    if ('register' in right) this.visit(right.register, undo(operation, left, wanted, 'right'));
  }

  #visitKeys(register: Register, keys: readonly (string | number)[]): void {
    const step = this.#makers.get(register);
    if (step?.kind !== 'load') return;
    const type = this.#type(register);
    this.#add(step, type === 'string' ? [...keys.map(String), UNKNOWN] : valuesOf(type, keys.map(Number)));
  }

  #type(register: Register): RegisterType {
    return this.#types[register] ?? 'float32';
  }

  #add({ input, column }: StepOf<'load'>, values: readonly Candidate[]): void {
    const columns = this.#found.get(input) ?? new Map<number, Set<Candidate>>();
    this.#found.set(input, columns);
    const known = columns.get(column) ?? new Set<Candidate>();
    columns.set(column, known);
    for (const value of values) known.add(value);
  }
}

/** What one side has to be so that about the wanted values come out; the other may be anything. */
function undo(
  operation: Operation,
  other: Operand,
  wanted: readonly number[],
  side: 'left' | 'right',
): readonly number[] {
  if ('register' in other) return wanted;
  const { constant } = other;
  switch (operation) {
    case 'add':
      return wanted.map((value) => value - constant);
    case 'sub':
      return wanted.map((value) => (side === 'left' ? value + constant : constant - value));
    case 'mul':
      return wanted.map((value) => value / constant);
    case 'div':
      return wanted.map((value) => (side === 'left' ? value * constant : constant / value));
  }
}

/** What a value has to be, about, so that an operator makes the wanted one of it. */
const INVERSES: Readonly<Record<ValueOperator, (value: number) => number>> = {
  Exp: Math.log,
  Log: Math.exp,
  Sigmoid: (value) => Math.log(value / (1 - value)),
  Tanh: Math.atanh,
  Sqrt: (value) => value * value,
  Reciprocal: (value) => 1 / value,
  Neg: (value) => -value,
  Abs: (value) => value,
};

/** Whole numbers of up to 32 bits, by type: the least and the greatest. */
const LIMITS: Readonly<Record<string, readonly [number, number]>> = {
  bool: [0, 1],
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32_768, 32_767],
  uint16: [0, 65_535],
  int32: [-2_147_483_648, 2_147_483_647],
  uint32: [0, 4_294_967_295],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  uint64: [0, Number.MAX_SAFE_INTEGER],
};

function valuesOf(type: RegisterType, wanted: readonly number[]): readonly Candidate[] {
  if (type === 'float32') return around(wanted.map(Math.fround), nextFloat32);
  if (type === 'float64') return around(wanted, nextFloat64);
  const [least, greatest] = LIMITS[type] ?? [0, 0];
  const whole = [0, ...wanted.flatMap((value) => [-1, 0, 1, 2].map((step) => Math.floor(value) + step))];
  const possible = whole.filter((value) => value >= least && value <= greatest);
  return type === 'int64' || type === 'uint64' ? possible.map(BigInt) : possible;
}

/** A cut is a threshold or the number after it: two steps below it are one step below the threshold. */
function around(wanted: readonly number[], next: (value: number) => number): readonly number[] {
  const before = (value: number): number => -next(-value);
  const near = wanted.filter(Number.isFinite).flatMap((cut) => {
    const below = before(cut);
    return [next(cut), cut, below, ...(Number.isFinite(below) ? [before(below)] : [])];
  });
  return [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, ...near];
}

/** A set takes both for one. */
function withBothZeros(values: ReadonlySet<Candidate>): readonly Candidate[] {
  return [...values].flatMap((value) => (value === 0 ? [0, -0] : [value]));
}
