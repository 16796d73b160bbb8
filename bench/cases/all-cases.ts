import type { BenchCase } from './bench-case.ts';
import { linearParquet, smallNetParquet, treesParquet, wideNetParquet } from './parquet-cases.ts';
import { variedRows } from './varied-rows.ts';

/** In the order in which they run. */
export const ALL_CASES: readonly BenchCase[] = [
  treesParquet,
  smallNetParquet,
  wideNetParquet,
  linearParquet,
  variedRows,
];
