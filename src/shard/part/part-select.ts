import type { Plan, ShardPlan } from '../../core/plan.ts';
import type { Column } from '../../core/table.ts';
import { quoteName } from '../../core/text/sql.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { INPUT_ROW } from '../../source/input-row.ts';
import { rowsSql } from '../../source/shard-relation.ts';
import type { ShardRows } from '../../source/shard-rows.ts';
import { withIntervals } from './with-intervals.ts';

/** Where the rows of a part and their predictions come from. */
export interface PartSource {
  /** A relation that has the rows of the shard, in order, under the name `kept_rows`; the predictions may be in it. */
  readonly from: string;
  /** Another relation to lay beside it row by row; null: there is none. */
  readonly beside: string | null;
  /** SQL that is true for rows that were scored; null: all were. */
  readonly scored: string | null;
  /** The prediction columns. */
  readonly predictions: readonly string[];
}

/**
 * The rows of a part: the kept columns, the predictions, then the bounds of intervals.
 *
 * The kept columns never pass through JavaScript: every type that DuckDB knows comes out as it went in.
 */
export async function partSelect(
  database: Database,
  plan: Plan,
  shard: ShardPlan,
  rows: ShardRows,
  { from, beside, scored, predictions }: PartSource,
): Promise<string> {
  const written = keptAsWritten(plan);
  const kept = plan.output.keptColumns.map((column) =>
    written.includes(column) ? `written_rows.${quoteName(column.name)}` : keptSql(plan, column),
  );
  const relations = [
    `${from} AS kept_rows`,
    ...(written.length === 0
      ? []
      : [`(${await writtenRows(database, plan, shard, written, rows.leftOut)}) AS written_rows`]),
    ...(beside === null ? [] : [beside]),
  ];
  const where = scored === null ? '' : ` WHERE ${scored}`;
  const made = `SELECT ${[...kept, ...predictions].join(', ')} FROM ${relations.join(' POSITIONAL JOIN ')}${where}`;
  return withIntervals(made, plan);
}

/** As Parquet can hold it: a SELECT may make integers of 128 bits. */
function keptSql({ input, features }: Plan, { name, type }: Column): string {
  const made = (features.select?.columns ?? input.columns).find((each) => each.name === name);
  const value = `kept_rows.${quoteName(name)}`;
  return made === undefined || made.type === type ? value : `CAST(${value} AS ${type}) AS ${quoteName(name)}`;
}

/** The columns of a part that {@link PartSource.from} has to have. */
export function keptOfRows(plan: Plan): readonly Column[] {
  const written = keptAsWritten(plan);
  return plan.output.keptColumns.filter((column) => !written.includes(column));
}

/** Columns that are kept as they are written, where the rows have their values. */
function keptAsWritten({ input, features, output }: Plan): readonly Column[] {
  const { select } = features;
  const types = new Map((select?.columns ?? input.columns).map(({ name, type }) => [name, type]));
  return output.keptColumns.filter(
    ({ name, type }) =>
      (select === null || select.passedOn.includes(name)) &&
      type === 'VARCHAR' &&
      types.get(name) !== 'VARCHAR',
  );
}

/** Their texts, for the rows that the SELECT returned, in its order: that of the input. */
async function writtenRows(
  database: Database,
  plan: Plan,
  shard: ShardPlan,
  columns: readonly Column[],
  leftOut: readonly number[],
): Promise<string> {
  const all = await rowsSql(database, { ...plan.input, columns }, shard, { numbered: true });
  if (leftOut.length === 0) return all;
  return `SELECT * FROM (${all}) WHERE NOT list_contains([${leftOut.join(', ')}], ${INPUT_ROW}) ORDER BY ${INPUT_ROW}`;
}
