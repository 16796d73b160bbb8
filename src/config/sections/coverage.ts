import { z } from 'zod';
import { expected, pattern, section } from '../fields/field-kinds.ts';

export interface CoverageSpec {
  /** The least share of the grid's rows that has a prediction, 0 to 1. */
  readonly min: number;
}

export const DEFAULT_COVERAGE: CoverageSpec = { min: 1 };

const MIN = expected('a share from 0 to 1, or a percentage', '0.995 or 99.5%');

/** 0.995 of `0.995` or `99.5%`; undefined for anything else. */
function coverageShare(value: number | string | undefined): number | undefined {
  if (value === undefined || typeof value === 'number') return value;
  const match = /^(\d+(?:\.\d+)?)%$/.exec(value);
  return match === null ? undefined : Number(match[1]) / 100;
}

/** The field `coverage` of a job file. */
export const coverage = section({
  min: z
    .union([z.number({ error: MIN }), pattern(/^\d+(\.\d+)?%$/, MIN)], { error: MIN })
    .refine(
      (value) => {
        const share = coverageShare(value);
        return share !== undefined && share >= 0 && share <= 1;
      },
      { error: MIN },
    )
    .exactOptional()
    .describe('The least share of the grid that has a prediction, 0 to 1 or a percentage. Default: 1.'),
}).describe(
  'What a grid must hold before it is published. A run below it commits, is not published, and exits 5.',
);

/** The long form. */
export function normaliseCoverage(written: z.output<typeof coverage> = {}): CoverageSpec {
  return { min: coverageShare(written.min) ?? DEFAULT_COVERAGE.min };
}
