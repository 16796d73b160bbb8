import { z } from 'zod';
import type { ActualsSource, ActualsSpec } from '../../core/accuracy.ts';
import { expected, section, text, textMap, texts, wholeNumber } from '../fields/field-kinds.ts';
import { resolvePath } from '../fields/resolve-path.ts';

const TABLE = expected('the path of a table, or a glob, without templates', 'data/sold/*.parquet');
const COLUMNS = expected('a column, or a list of columns', '[store, product]');
const QUANTILES = expected(
  'a map from quantile, between 0 and 1, to prediction column',
  '{"0.1": sales_p10, "0.9": sales_p90}',
);

/** Actuals are read for all runs at once: nothing of one run can stand in their place. */
const path = () => text(TABLE).refine((value) => !value.includes('{{'), { error: TABLE });
const columns = () => z.union([text(COLUMNS), texts(COLUMNS)], { error: COLUMNS });

/** The field `actuals` of a job file. */
export const actuals = section({
  table: path().exactOptional().describe('The table with the real values: a file, a glob or a folder.'),
  select: text(
    expected('a DuckDB SELECT over actuals.tables', 'SELECT store, product, date, sold FROM tills'),
  )
    .refine((value) => !value.includes('{{'), {
      error: expected('a SELECT without templates', 'SELECT store, product, date, sold FROM tills'),
    })
    .exactOptional()
    .describe('A DuckDB SELECT that returns that table from actuals.tables. Use it instead of table.'),
  tables: z
    .record(z.string(), path(), { error: expected('a map from table name to path', '{tills: data/*.csv}') })
    .exactOptional()
    .describe('Files that actuals.select reads, by the name it uses for them: {tills: data/tills/*.csv}.'),
  column: text(expected('the name of a column', 'sold')).describe('The column with the real values.'),
  prediction: text(expected('the name of a prediction column', 'sales'))
    .exactOptional()
    .describe('The prediction to compare with it. Default: the only numeric prediction.'),
  key: columns()
    .exactOptional()
    .describe(
      'Columns that join the actuals and the parts, including the date. Default: those of kv.key and kv.field, or of the grid.',
    ),
  date: text(expected('the name of a column', 'date'))
    .exactOptional()
    .describe(
      'The column of the key with the predicted date or time. Default: the only one with such a type.',
    ),
  by: columns()
    .exactOptional()
    .describe('Columns of the parts that make segments. Default: those of the key, without the date.'),
  quantiles: textMap(QUANTILES, expected('the name of a prediction column', 'sales_p10'))
    .refine((map) => Object.keys(map).every(isQuantile), { error: QUANTILES })
    .exactOptional()
    .describe('Predictions that are quantiles: {"0.1": sales_p10, "0.9": sales_p90}.'),
  delay: wholeNumber(0, expected('a whole number of days, at least 0', '1'))
    .exactOptional()
    .describe(
      'Days after a date until its actual is known. Default: 0, which means at the start of the next day.',
    ),
})
  .refine(({ table, select }) => (table === undefined) !== (select === undefined), {
    error: expected('a map with column, and either table or select', '{table: data/sold.csv, column: sold}'),
  })
  .refine(({ select, tables }) => (select === undefined) === (tables === undefined), {
    path: ['tables'],
    error: expected('tables for select to read, and only beside it', '{tills: data/tills/*.csv}'),
  })
  .describe('The real values: each published run is scored against them.');

function isQuantile(written: string): boolean {
  const quantile = Number(written);
  return written.trim() !== '' && quantile > 0 && quantile < 1;
}

/** The long form; null where the job has no actuals. */
export function normaliseActuals(
  written: z.output<typeof actuals> | undefined,
  folder: string,
): ActualsSpec | null {
  if (written === undefined) return null;
  const { column, prediction = null, date = null, delay = 0 } = written;
  const quantiles = Object.entries(written.quantiles ?? {}).map(([quantile, name]) => ({
    quantile: Number(quantile),
    column: name,
  }));
  return {
    source: sourceOf(written, folder),
    ...{ column, prediction, date },
    key: listOf(written.key),
    by: listOf(written.by),
    quantiles: quantiles.sort((a, b) => a.quantile - b.quantile),
    delayDays: delay,
  };
}

function sourceOf(
  { table = '', select, tables = {} }: z.output<typeof actuals>,
  folder: string,
): ActualsSource {
  if (select === undefined) return { kind: 'table', path: resolvePath(table, folder) };
  const named = Object.entries(tables).map(([name, file]) => [name, resolvePath(file, folder)] as const);
  return { kind: 'select', select, tables: Object.fromEntries(named) };
}

function listOf(written: string | readonly string[] | undefined): readonly string[] | null {
  if (written === undefined) return null;
  return typeof written === 'string' ? [written] : written;
}

/** What of it decides the bounds of intervals. The files have a hash of their own. */
export function decidingActuals(actuals: ActualsSpec | null) {
  if (actuals === null) return undefined;
  const { source, by: _, quantiles: __, ...rest } = actuals;
  return { ...rest, select: source.kind === 'select' ? source.select : null };
}
