import type { ActualsSpec, IntervalColumns, QuantileColumn } from '../core/accuracy.ts';
import { ServeBatchError } from '../core/errors.ts';
import type { KvPlan, Plan } from '../core/plan.ts';
import { type Column, isNumberType } from '../core/table.ts';
import { sqlTypeOf } from '../core/tensor-data.ts';
import { suggestion } from '../core/text/nearest.ts';
import { parseTemplate } from '../core/text/template.ts';

/** What of a plan decides which columns are compared. */
export type ScoredPlan = Pick<Plan, 'input' | 'output' | 'intervals'> & {
  readonly kv: Pick<KvPlan, 'key' | 'field'> | null;
};

/** The columns of a run's parts that scoring looks at. */
export interface ScoreColumns {
  /** What tells one series of values from another: the key without the date. */
  readonly series: readonly Column[];
  /** What is predicted for; null: predictions are for no date, and have neither horizon nor naive forecast. */
  readonly date: Column | null;
  readonly prediction: string;
  readonly by: readonly string[];
  readonly quantiles: readonly QuantileColumn[];
  readonly intervals: readonly IntervalColumns[];
}

/**
 * The columns by which a run is scored. Throws `SCHEMA_MISMATCH` where the job's actuals name a column that its
 * parts do not have, or leave open what cannot be told: before hours of computing, not weeks after.
 */
export function scoreColumns(spec: ActualsSpec, plan: ScoredPlan): ScoreColumns {
  const kept = plan.output.keptColumns;
  const predictions = numericPredictions(plan);
  const key = keyOf(spec, plan).map((name) => known('key', name, kept));
  const date = dateOf(spec, key);
  const series = key.filter(({ name }) => name !== date?.name);
  for (const { column } of spec.quantiles) known('quantiles', column, predictions);
  return {
    series,
    date,
    prediction: predictionOf(spec, predictions),
    by: spec.by?.map((name) => known('by', name, kept).name) ?? series.map(({ name }) => name),
    quantiles: spec.quantiles,
    intervals: plan.intervals?.columns ?? [],
  };
}

/** Predictions that are one number a row. */
function numericPredictions({ output }: ScoredPlan): readonly Column[] {
  return output.predictions
    .filter(({ shape }) => shape !== 'list')
    .flatMap(({ columns, elementType }) => columns.map((name) => ({ name, type: sqlTypeOf(elementType) })))
    .filter(({ type }) => isNumberType(type));
}

function predictionOf({ prediction, quantiles }: ActualsSpec, predictions: readonly Column[]): string {
  if (prediction !== null) return known('prediction', prediction, predictions).name;
  const others = predictions.filter(({ name }) => !quantiles.some(({ column }) => column === name));
  const [only] = others;
  if (only !== undefined && others.length === 1) return only.name;
  const median = quantiles.find(({ quantile }) => quantile === 0.5);
  if (others.length === 0 && median !== undefined) return median.column;
  const list = predictions.map(({ name }) => name).join(', ');
  throw misfit(
    `actuals: it is open which prediction the actuals are compared with: the model gives ${list === '' ? 'no number' : list}. Name it with actuals.prediction.`,
  );
}

function keyOf({ key }: ActualsSpec, { kv, input }: ScoredPlan): readonly string[] {
  if (key !== null) return key;
  if (kv !== null)
    return [
      ...new Set(
        [kv.key, kv.field ?? ''].flatMap((template) =>
          template === '' ? [] : parseTemplate(template, 'kv.key').columns,
        ),
      ),
    ];
  if (input.grid !== null) return input.grid.dimensions.map(({ name }) => name);
  throw misfit(
    'actuals: the job has neither kv.key nor a grid, so it is open by which columns actuals and predictions belong together. Name them with actuals.key, and keep them with output.columns.',
  );
}

const IS_TIME = /^(?:DATE|TIMESTAMP\b.*)$/;

function dateOf({ date }: ActualsSpec, key: readonly Column[]): Column | null {
  if (date !== null) return known('date', date, key);
  const times = key.filter(({ type }) => IS_TIME.test(type));
  if (times.length > 1)
    throw misfit(
      `actuals: the key has several dates (${times.map(({ name }) => name).join(', ')}). Say with actuals.date which of them is predicted.`,
    );
  return times[0] ?? null;
}

function known(field: string, name: string, columns: readonly Column[]): Column {
  const found = columns.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  const names = columns.map((each) => each.name);
  const hint = field === 'key' || field === 'by' ? ' output.columns can keep it.' : '';
  throw misfit(
    `actuals.${field} names the column "${name}", which the output does not have for that (it has ${names.join(', ')}).${suggestion(name, names)}${hint}`,
  );
}

function misfit(message: string): ServeBatchError {
  return new ServeBatchError('SCHEMA_MISMATCH', message);
}
