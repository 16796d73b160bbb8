import type { Ensemble } from './ensemble.ts';

/** Rows that the functions of a kernel work on at once: what they read and write stays in the cache. */
export const BLOCK_ROWS = 1024;

/** Trees as they are cached, and instantiated by every process: a module of some functions, and its program. */
export interface KernelCode {
  /** Whether values and scores are float64. */
  readonly double: boolean;
  readonly memoryBytes: number;
  readonly program: { readonly start: number; readonly bytes: Uint8Array };
  readonly module: Uint8Array;
  /** Where the values of each feature that the trees compare have to be put. */
  readonly columns: readonly { readonly feature: number; readonly address: number }[];
  /** Where the scores of each target are found; each has to be set to `firstScore` before. */
  readonly scores: readonly number[];
  readonly firstScore: number;
}

/** Fresh from the compiler. */
export interface CompiledKernel {
  readonly code: KernelCode;
  /** By position in `code.columns`: values that the trees compare with, or that are next to one. */
  readonly cuts: readonly Float64Array[];
  /** What it was compiled from. */
  readonly ensemble: Ensemble;
}
