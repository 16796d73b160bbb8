import type { Plan, ShardPlan } from '../../core/plan.ts';
import type { ResolvedInput } from '../../core/table.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { placesSql } from '../../source/row-place.ts';
import { rowsSql } from '../../source/shard-relation.ts';
import { writeParquet } from './part-file.ts';

/** A row that was not scored. */
export interface Reject {
  /** From 0, in the whole input. */
  readonly inputRow: number;
  readonly column: string | null;
  /** The value as text; null where it is null or no single value is to blame. */
  readonly value: string | null;
  readonly reason: string;
}

const TABLE = 'serve_batch_rejects';

/** The columns of an input as texts, where its file has texts that the values do not say. */
function asFound(input: ResolvedInput): ResolvedInput {
  const written = new Set(input.written.map(({ column }) => column));
  const columns = input.columns.map((each) => (written.has(each.name) ? { ...each, type: 'VARCHAR' } : each));
  return { ...input, columns };
}

/**
 * Writes the rejects of one shard: file, row (from 1), line, column, value, reason, and the row itself
 * as it stands in the input.
 */
export async function writeRejects(
  database: Database,
  plan: Plan,
  shard: ShardPlan,
  rejects: readonly Reject[],
  path: string,
): Promise<void> {
  await database.run(
    `CREATE OR REPLACE TEMP TABLE ${TABLE} (input_row BIGINT, "column" VARCHAR, "value" VARCHAR, reason VARCHAR)`,
  );
  const appender = await database.connection.createAppender(TABLE);
  for (const { inputRow, column, value, reason } of rejects) {
    appender.appendBigInt(BigInt(inputRow));
    for (const text of [column, value, reason]) {
      if (text === null) appender.appendNull();
      else appender.appendVarchar(text);
    }
    appender.endRow();
  }
  appender.closeSync();
  await writeParquet(
    database,
    `SELECT p.file, r.input_row - p.first_row + p.file_row AS "row", p.line + r.input_row - p.first_row AS line, r."column", r."value", r.reason, i.input
     FROM (SELECT serve_batch_row AS input, row_number() OVER () - 1 + ${shard.rowStart} AS input_row FROM (${await rowsSql(database, asFound(plan.input), shard)}) serve_batch_row) i
     JOIN ${TABLE} r USING (input_row)
     ASOF JOIN ${placesSql(plan.input)} p ON r.input_row >= p.first_row
     ORDER BY r.input_row`,
    path,
    'zstd',
  );
  await database.run(`DROP TABLE ${TABLE}`);
}
