import type { ElementType } from '../../../core/model.ts';
import type { KernelCode } from '../kernel/kernel-code.ts';
import type { ClassifierEnd, RegressorEnd } from '../read/scores.ts';

/** What values a register holds, one a row of a block. Booleans are bytes. */
export type RegisterType = Exclude<ElementType, 'float16'>;

/** The number of a register. */
export type Register = number;

/** How a model is computed without ONNX Runtime: steps over registers, block by block. Plain JSON but for kernels. */
export interface Recipe {
  readonly registers: readonly RegisterType[];
  readonly steps: readonly Step[];
  readonly kernels: readonly KernelCode[];
  readonly outputs: readonly RecipeOutput[];
}

export interface RecipeOutput {
  readonly name: string;
  readonly type: RegisterType;
  readonly columns: readonly Register[];
  /** Whether it is `[rows, columns]`, not `[rows]`. */
  readonly isMatrix: boolean;
}

export const OPERATIONS = ['add', 'sub', 'mul', 'div'] as const;
export type Operation = (typeof OPERATIONS)[number];

export const NORMS = ['MAX', 'L1', 'L2'] as const;
export type Norm = (typeof NORMS)[number];

/** Operators of ONNX that make a number of each number. */
export const VALUE_OPERATORS = ['Exp', 'Log', 'Sigmoid', 'Tanh', 'Sqrt', 'Reciprocal', 'Neg', 'Abs'] as const;
export type ValueOperator = (typeof VALUE_OPERATORS)[number];

/** A register, or a number that is the same in every row. */
export type Operand = { readonly register: Register } | { readonly constant: number };

export type Step =
  | { readonly kind: 'load'; readonly input: string; readonly column: number; readonly to: Register }
  | { readonly kind: 'cast'; readonly from: Register; readonly to: Register }
  | {
      readonly kind: 'arithmetic';
      readonly operation: Operation;
      readonly left: Operand;
      readonly right: Operand;
      readonly to: Register;
    }
  | {
      readonly kind: 'impute';
      readonly from: Register;
      /** Null: NaN, which JSON does not have. */
      readonly replaced: number | null;
      readonly imputed: number;
      readonly to: Register;
    }
  | {
      readonly kind: 'lookup';
      readonly from: Register;
      readonly keys: readonly (string | number)[];
      /** Null: NaN. */
      readonly values: readonly (string | number | null)[];
      readonly otherwise: string | number | null;
      readonly to: Register;
    }
  | {
      readonly kind: 'equals';
      readonly from: Register;
      readonly value: string | number;
      readonly to: Register;
    }
  /** ONNX Runtime computes it, value by value: its approximations depend on the processor. */
  | {
      readonly kind: 'operator';
      readonly operator: ValueOperator;
      readonly from: Register;
      readonly to: Register;
    }
  /** `features`: by position in the kernel's columns. */
  | {
      readonly kind: 'trees';
      readonly kernel: number;
      readonly features: readonly Register[];
      readonly to: readonly Register[];
    }
  | {
      readonly kind: 'regressor';
      readonly end: RegressorEnd;
      readonly from: readonly Register[];
      readonly to: readonly Register[];
    }
  | {
      readonly kind: 'classifier';
      readonly end: ClassifierEnd;
      readonly from: readonly Register[];
      readonly label: Register;
      readonly to: readonly Register[];
    }
  | {
      readonly kind: 'normalize';
      readonly norm: Norm;
      readonly from: readonly Register[];
      readonly to: readonly Register[];
    };
export type StepOf<K extends Step['kind']> = Extract<Step, { readonly kind: K }>;

/** The registers that a step writes. */
export function writtenBy(step: Step): readonly Register[] {
  if (step.kind === 'classifier') return [step.label, ...step.to];
  return typeof step.to === 'number' ? [step.to] : step.to;
}

/** The registers that a step reads. */
export function readBy(step: Step): readonly Register[] {
  switch (step.kind) {
    case 'load':
      return [];
    case 'arithmetic':
      return [step.left, step.right].flatMap((each) => ('register' in each ? [each.register] : []));
    case 'trees':
      return step.features;
    case 'cast':
    case 'impute':
    case 'lookup':
    case 'equals':
    case 'operator':
      return [step.from];
    case 'regressor':
    case 'classifier':
    case 'normalize':
      return step.from;
  }
}
