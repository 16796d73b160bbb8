import type { TensorData } from '../../../core/tensor-data.ts';
import type { Operand, Operation, RegisterType, StepOf } from '../graph/recipe.ts';
import { UnsupportedModel } from '../kernel/ensemble.ts';

/** Does one step for the first rows of a block. */
export type Run = (rows: number) => void;

/** The arrays of all registers. */
export type Registers = readonly TensorData[];

type Numbers = Float32Array | Float64Array;

/** Whole numbers of 64 bits are bigints; every other number can be written as it is. */
export function castFunction(from: TensorData, to: TensorData, toType: RegisterType): Run {
  if (from instanceof BigInt64Array && to instanceof Int32Array)
    return (rows) => {
      for (let row = 0; row < rows; row++) to[row] = Number(BigInt.asIntN(32, from[row] as bigint));
    };
  if (from instanceof BigInt64Array && toType === 'float32')
    return (rows) => {
      for (let row = 0; row < rows; row++) (to as Float32Array)[row] = floatOf(from[row] as bigint);
    };
  if (from instanceof BigInt64Array)
    return (rows) => {
      for (let row = 0; row < rows; row++) (to as Float64Array)[row] = Number(from[row]);
    };
  if (to instanceof BigInt64Array)
    return (rows) => {
      for (let row = 0; row < rows; row++) to[row] = BigInt((from as Int32Array)[row] as number);
    };
  return (rows) => {
    for (let row = 0; row < rows; row++) (to as Float32Array)[row] = (from as Float32Array)[row] as number;
  };
}

const EXACT = 2n ** 53n;

/** Rounded once: by way of float64, large numbers would be rounded twice. */
export function floatOf(value: bigint): number {
  if (value < EXACT && value > -EXACT) return Math.fround(Number(value));
  // What is cut off only matters for being there or not.
  const cut = (value >> 16n) << 16n;
  return Math.fround(Number(cut === value ? cut : cut | (1n << 15n)));
}

export function arithmeticFunction(step: StepOf<'arithmetic'>, registers: Registers): Run {
  const to = registers[step.to] as Numbers;
  const [left, right] = [step.left, step.right].map((operand) => valuesOf(operand, registers, to)) as [
    Numbers,
    Numbers,
  ];
  // What float64 gives for two float32, rounded to float32, is what float32 arithmetic gives.
  return FUNCTIONS[step.operation](left, right, to);
}

const FUNCTIONS: Readonly<Record<Operation, (left: Numbers, right: Numbers, to: Numbers) => Run>> = {
  add: (left, right, to) => (rows) => {
    for (let row = 0; row < rows; row++) to[row] = (left[row] as number) + (right[row] as number);
  },
  sub: (left, right, to) => (rows) => {
    for (let row = 0; row < rows; row++) to[row] = (left[row] as number) - (right[row] as number);
  },
  mul: (left, right, to) => (rows) => {
    for (let row = 0; row < rows; row++) to[row] = (left[row] as number) * (right[row] as number);
  },
  div: (left, right, to) => (rows) => {
    for (let row = 0; row < rows; row++) to[row] = (left[row] as number) / (right[row] as number);
  },
};

/** A constant is a column of it. */
function valuesOf(operand: Operand, registers: Registers, like: Numbers): Numbers {
  if ('register' in operand) return registers[operand.register] as Numbers;
  const values = like instanceof Float32Array ? new Float32Array(like.length) : new Float64Array(like.length);
  return values.fill(operand.constant);
}

export function imputeFunction(step: StepOf<'impute'>, registers: Registers): Run {
  const [from, to] = [registers[step.from], registers[step.to]] as [Float32Array, Float32Array];
  const { replaced, imputed } = step;
  return (rows) => {
    for (let row = 0; row < rows; row++) {
      const value = from[row] as number;
      const isMissing = replaced === null ? Number.isNaN(value) : value === replaced;
      to[row] = isMissing ? imputed : value;
    }
  };
}

export function lookupFunction(step: StepOf<'lookup'>, registers: Registers): Run {
  const [from, to] = [registers[step.from], registers[step.to]] as [TensorData, TensorData];
  const isBig = from instanceof BigInt64Array;
  const convert = (value: string | number | null): string | number | bigint =>
    to instanceof BigInt64Array ? BigInt(value ?? 0) : (value ?? Number.NaN);
  const table = new Map<string | number | bigint, string | number | bigint>();
  step.keys.forEach((key, index) => {
    const known = isBig ? BigInt(key) : key;
    // Of keys that are given twice the first counts.
    if (!table.has(known)) table.set(known, convert(step.values[index] ?? null));
  });
  const otherwise = convert(step.otherwise);
  const [source, target] = [from as string[], to as (string | number | bigint)[]];
  return (rows) => {
    for (let row = 0; row < rows; row++) target[row] = table.get(source[row] as string) ?? otherwise;
  };
}

export function equalsFunction(step: StepOf<'equals'>, registers: Registers): Run {
  const [from, to] = [registers[step.from], registers[step.to]] as [string[], Float32Array];
  const value = (registers[step.from] instanceof BigInt64Array ? BigInt(step.value) : step.value) as string;
  return (rows) => {
    for (let row = 0; row < rows; row++) to[row] = from[row] === value ? 1 : 0;
  };
}

export function normalizeFunction(step: StepOf<'normalize'>, registers: Registers): Run {
  const from = step.from.map((register) => registers[register] as Float32Array);
  const to = step.to.map((register) => registers[register] as Float32Array);
  const { norm } = step;
  if (norm === 'L2') throw new UnsupportedModel('Normalizer is left to ONNX Runtime for the norm L2');
  return (rows) => {
    for (let row = 0; row < rows; row++) {
      let size = norm === 'MAX' ? -(2 ** 128 - 2 ** 104) : 0;
      for (const column of from) {
        const value = column[row] as number;
        if (norm === 'L1') size = Math.fround(size + Math.abs(value));
        else if (size < value) size = value;
      }
      from.forEach((column, index) => {
        const value = column[row] as number;
        (to[index] as Float32Array)[row] = size === 0 ? value : value / size;
      });
    }
  };
}
