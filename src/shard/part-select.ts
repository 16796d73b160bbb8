import type { Plan, ShardPlan } from '../core/plan.ts';
import { quoteName } from '../core/sql.ts';
import type { Column } from '../core/table.ts';
import type { PredictionTable } from '../sinks/parquet/prediction-table.ts';
import type { Database } from '../source/database.ts';
import { INPUT_ROW } from '../source/input-row.ts';
import { rowsSql } from '../source/shard-relation.ts';
import type { ShardRows } from '../source/shard-rows.ts';

/**
 * The rows of a part: the kept columns, then the predictions, laid beside each other row by row.
 *
 * The kept columns never pass through JavaScript: DuckDB reads them again, so that every type it knows
 * comes out as it went in.
 */
export async function partSelect(
  database: Database,
  plan: Plan,
  shard: ShardPlan,
  rows: ShardRows,
  predictions: PredictionTable,
): Promise<string> {
  const list = predictions.selectList();
  const table = predictions.tableName;
  const { keptColumns } = plan.output;
  const where = predictions.hasRejected ? ` WHERE ${table}.scored` : '';
  if (keptColumns.length === 0) return `SELECT ${list.join(', ')} FROM ${table}${where}`;
  const from =
    plan.features.select === null
      ? `(${await rowsSql(database, { ...plan.input, columns: keptColumns }, shard)})`
      : rows.from;
  const written = keptAsWritten(plan);
  const kept = keptColumns.map((column) =>
    written.includes(column) ? `written_rows.${quoteName(column.name)}` : keptSql(plan, column),
  );
  const texts =
    written.length === 0
      ? ''
      : ` POSITIONAL JOIN (${await writtenRows(database, plan, shard, written, rows.leftOut)}) AS written_rows`;
  return `SELECT ${[...kept, ...list].join(', ')} FROM ${from} AS kept_rows${texts} POSITIONAL JOIN ${table}${where}`;
}

/** As Parquet can hold it: a SELECT may make integers of 128 bits. */
function keptSql({ features }: Plan, { name, type }: Column): string {
  const made = features.select?.columns.find((each) => each.name === name);
  const value = `kept_rows.${quoteName(name)}`;
  return made === undefined || made.type === type ? value : `CAST(${value} AS ${type}) AS ${quoteName(name)}`;
}

/** Columns that are kept as they are written, beside a SELECT that has their values. */
function keptAsWritten({ features, output }: Plan): readonly Column[] {
  const { select } = features;
  if (select === null) return [];
  const types = new Map(select.columns.map(({ name, type }) => [name, type]));
  return output.keptColumns.filter(
    ({ name, type }) => select.passedOn.includes(name) && type === 'VARCHAR' && types.get(name) !== 'VARCHAR',
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
