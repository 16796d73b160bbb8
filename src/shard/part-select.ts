import type { Plan, ShardPlan } from '../core/plan.ts';
import { quoteName } from '../core/sql.ts';
import type { PredictionTable } from '../sinks/parquet/prediction-table.ts';
import type { Database } from '../source/database.ts';
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
  const kept = keptColumns.map(({ name }) => `kept_rows.${quoteName(name)}`);
  return `SELECT ${[...kept, ...list].join(', ')} FROM ${from} AS kept_rows POSITIONAL JOIN ${table}${where}`;
}
