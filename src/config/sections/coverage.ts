import type { z } from 'zod';
import { section } from '../fields/field-kinds.ts';
import { parseShare, share } from '../fields/share.ts';

export interface CoverageSpec {
  /** The least share of the grid's rows that has a prediction, 0 to 1. */
  readonly min: number;
}

export const DEFAULT_COVERAGE: CoverageSpec = { min: 1 };

/** The field `coverage` of a job file. */
export const coverage = section({
  min: share('0.995 or 99.5%')
    .exactOptional()
    .describe(
      'The smallest share of the grid that must have a prediction: 0 to 1, or a percentage. Default: 1.',
    ),
}).describe(
  'How much of a grid must have predictions before it is published. A run with less is committed but not published, and the command exits with 5.',
);

/** The long form. */
export function normaliseCoverage(written: z.output<typeof coverage> = {}): CoverageSpec {
  return { min: parseShare(written.min) ?? DEFAULT_COVERAGE.min };
}
