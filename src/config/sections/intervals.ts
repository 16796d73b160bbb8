import { z } from 'zod';
import type { IntervalsSpec } from '../../core/accuracy.ts';
import { expected, section, text, texts, wholeNumber } from '../fields/field-kinds.ts';
import { parseShare, share } from '../fields/share.ts';

const LEVEL = expected('a share between 0 and 1, a percentage, or a list of them', '90%');
const COLUMNS = expected('a column, or a list of columns', '[store]');
const ERRORS = expected('a whole number of errors, at least 20', '100');

const isLevel = (value: string | number): boolean => {
  const level = parseShare(value) ?? 0;
  return level > 0 && level < 1;
};
const level = () => share('90%').refine(isLevel, { error: LEVEL });
const levels = () =>
  z.union([level(), z.array(level(), { error: LEVEL }).min(1, { error: LEVEL })], { error: LEVEL });

export const DEFAULT_INTERVALS: Omit<IntervalsSpec, 'levels'> = { by: [], runs: 8, least: 100, min: null };

/** The field `intervals` of a job file. */
export const intervals = z
  .union(
    [
      level(),
      z.array(level(), { error: LEVEL }).min(1, { error: LEVEL }),
      section({
        level: levels().describe('The share of actuals that the interval should hold, or several: 90%.'),
        by: z
          .union([text(COLUMNS), texts(COLUMNS)], { error: COLUMNS })
          .exactOptional()
          .describe('Columns of the parts whose values get their own bounds if they have enough errors.'),
        runs: wholeNumber(1, expected('a whole number of runs, at least 1', '8'))
          .exactOptional()
          .describe('How many earlier published runs to take errors from. Default: 8.'),
        least: wholeNumber(20, ERRORS)
          .exactOptional()
          .describe('How many errors a horizon, or a segment of it, needs. Default: 100.'),
        min: z
          .number({ error: expected('a number', '0') })
          .exactOptional()
          .describe('The lowest possible bound: 0 for values that cannot be negative. Default: none.'),
      }),
    ],
    {
      error: ({ input: value }) =>
        typeof value === 'object' && !Array.isArray(value)
          ? 'a map with level, by, runs, least, min.'
          : LEVEL,
    },
  )
  .describe('Bounds beside each prediction, from the errors of earlier published runs.');

/** The long form; null where the job has no intervals. */
export function normaliseIntervals(written: z.output<typeof intervals> | undefined): IntervalsSpec | null {
  if (written === undefined) return null;
  const map = typeof written === 'object' && !Array.isArray(written) ? written : { level: written };
  const { level: given, by, ...rest } = map as Extract<typeof written, { readonly level: unknown }>;
  const list = Array.isArray(given) ? given : [given];
  const found = [...new Set(list.map((each) => parseShare(each) ?? 0))].sort((a, b) => a - b);
  const columns = by === undefined ? [] : typeof by === 'string' ? [by] : by;
  return { ...DEFAULT_INTERVALS, ...rest, levels: found, by: columns };
}
