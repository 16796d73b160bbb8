import { scoreColumns } from '../accuracy/score-columns.ts';
import { originOf } from '../accuracy/scored-rows.ts';
import type { IntervalsPlan } from '../core/accuracy.ts';
import { ServeBatchError } from '../core/errors.ts';
import type { PredictionBinding } from '../core/plan.ts';
import type { Column, ResolvedInput } from '../core/table.ts';
import type { PlanRequest } from './plan-run.ts';

export interface IntervalSurroundings {
  readonly input: ResolvedInput;
  readonly kept: readonly Column[];
  readonly predictions: readonly PredictionBinding[];
}

/**
 * The columns of intervals, and the bounds that earlier runs gave; null where the job has none. Throws
 * `SCHEMA_MISMATCH` where one of them is called as another column, or segments have no column.
 */
export function planIntervals(
  { spec, calibration }: Pick<PlanRequest, 'spec' | 'calibration'>,
  { input, kept, predictions }: IntervalSurroundings,
): IntervalsPlan | null {
  const { actuals, intervals } = spec;
  if (actuals === null || intervals === null || !calibration) return null;
  const kv = spec.kv === null ? null : { key: spec.kv.key.text, field: spec.kv.field?.text ?? null };
  const output = { keptColumns: kept, predictions, compression: spec.output.compression };
  const { prediction, date, by } = scoreColumns({ ...actuals, by: intervals.by }, { input, output, kv });
  const columns = intervals.levels.map((level) => {
    const percent = String(Number((100 * level).toFixed(6))).replace('.', '_');
    return { level, lower: `${prediction}_lower_${percent}`, upper: `${prediction}_upper_${percent}` };
  });
  const taken = [...kept.map(({ name }) => name), ...predictions.flatMap((each) => each.columns)];
  for (const name of columns.flatMap(({ lower, upper }) => [lower, upper])) assertFree(name, taken);
  const { groups, runs, why, origin } = calibration;
  return {
    ...{ columns, prediction, date: date?.name ?? null, origin: originOf(date, origin), by },
    ...{ min: intervals.min, groups, runs, why },
  };
}

function assertFree(name: string, taken: readonly string[]): void {
  if (!taken.some((each) => each.toLowerCase() === name.toLowerCase())) return;
  throw new ServeBatchError(
    'SCHEMA_MISMATCH',
    `intervals makes a column "${name}", and the output has one of that name. Rename the other with output.rename, or leave it out of output.columns.`,
    { fields: { column: name } },
  );
}
