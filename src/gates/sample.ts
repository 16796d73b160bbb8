import { dirname } from 'node:path';
import { commitFile, makeFolder, temporaryName } from '../core/files/durable-file.ts';
import type { Plan } from '../core/plan.ts';
import { quoteName, quoteText } from '../core/text/sql.ts';
import type { Database } from '../source/duckdb/database.ts';
import { rowsSql } from '../source/shard-relation.ts';
import { createFeatureTables } from '../source/tables/feature-tables.ts';

/**
 * Rows that distributions are compared by. Of so many, a share is wrong by 0.7 % at most, 99.9 % of the time;
 * twice as many would cost twice the time, and show little that is worth an alarm.
 */
const SAMPLE_ROWS = 50_000;

/** A condition that holds for about `wanted` of so many rows, by a hash of what tells a row from others: the same ones each time. */
export function sampleSql(rowNumber: string, rows: number, wanted = SAMPLE_ROWS): string {
  if (rows <= wanted) return 'true';
  return `hash(${rowNumber}) % ${rows} < ${wanted}`;
}

/**
 * Writes the features of some rows, as the model's inputs were made of them, with the kept columns beside
 * them: parts do not hold features. Does nothing where they are there.
 */
export async function writeSample(database: Database, plan: Plan, target: string): Promise<void> {
  const from = await sampledRows(database, plan, SAMPLE_ROWS);
  const list = sampledColumns(plan).map(quoteName).join(', ');
  const temporary = temporaryName(target);
  await makeFolder(dirname(target));
  await database.run(
    `COPY (SELECT ${list} FROM ${from}) TO ${quoteText(temporary)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  await commitFile(temporary, target);
}

/** SQL of about so many rows of a run, with its features and its kept columns; their order does not matter. */
export async function sampledRows(
  database: Database,
  { input, features }: Plan,
  rows: number,
): Promise<string> {
  const all = { rowStart: 0, rowEnd: input.rows };
  const some = await rowsSql(database, input, all, {
    numbered: true,
    some: (rowNumber) => sampleSql(rowNumber, input.rows, rows),
  });
  if (features.select === null) return `(${some})`;
  await createFeatureTables(database, features.select.tables);
  await database.run(`CREATE OR REPLACE TEMP VIEW input AS ${some}`);
  return `(${features.select.sql})`;
}

/** The features, then the kept columns that are no features. */
function sampledColumns({ features, output }: Plan): readonly string[] {
  const bound = features.bindings.flatMap(({ columns }) => columns);
  return [...new Set([...bound, ...output.keptColumns.map(({ name }) => name)])];
}
