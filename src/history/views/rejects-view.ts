import { quoteFiles, quoteName } from '../../core/text/sql.ts';
import type { Database } from '../../source/duckdb/database.ts';
import type { HistoryJob } from '../history-jobs.ts';
import { filesOfRuns } from './files-of-runs.ts';

/** Columns of the view, and their types. Files lie in OUTPUT/JOB/runs/RUN/rejects. */
const COLUMNS: readonly (readonly [name: string, type: string])[] = [
  ['job', 'VARCHAR'],
  ['run_id', 'VARCHAR'],
  ['file', 'VARCHAR'],
  ['row', 'BIGINT'],
  ['line', 'BIGINT'],
  ['column', 'VARCHAR'],
  ['value', 'VARCHAR'],
  ['reason', 'VARCHAR'],
  ['input', 'JSON'],
];

export const REJECT_COLUMNS: readonly string[] = COLUMNS.map(([name]) => name);

interface FilesOfOneShape {
  readonly files: readonly string[];
  readonly hasInput: boolean;
}

/**
 * Makes the view `rejects`. The rows of different runs have different columns, so they are shown as JSON,
 * and files of one shape are read together: one reader for each shape, however many runs there are.
 */
export async function createRejects(database: Database, jobs: readonly HistoryJob[]): Promise<void> {
  const files = await filesOfRuns(database, jobs, 'rejects', 'parquet');
  const readers = (await groupByShape(database, files)).map(readerSql);
  const nothing = `SELECT ${COLUMNS.map(([name, type]) => `CAST(NULL AS ${type}) AS ${quoteName(name)}`).join(', ')} WHERE false`;
  await database.run(
    `CREATE VIEW rejects AS ${readers.length === 0 ? nothing : readers.join(' UNION ALL ')}`,
  );
}

async function groupByShape(
  database: Database,
  files: readonly string[],
): Promise<readonly FilesOfOneShape[]> {
  if (files.length === 0) return [];
  const rows = await database.rows(
    `SELECT to_json(list(file_name ORDER BY file_name)) AS files, has_input
     FROM (SELECT file_name, bool_or(name = 'input') AS has_input,
             list((name, type, num_children, CAST(logical_type AS VARCHAR), CAST(converted_type AS VARCHAR)) ORDER BY place) AS shape
           FROM (SELECT *, row_number() OVER () AS place FROM parquet_schema(${quoteFiles(files)}))
           GROUP BY file_name)
     GROUP BY shape, has_input ORDER BY files`,
  );
  return rows.map((row) => ({
    files: JSON.parse(String(row.files)) as string[],
    hasInput: row.has_input === true,
  }));
}

function readerSql({ files, hasInput }: FilesOfOneShape): string {
  return `SELECT split_part(filename, '/', -5) AS job, split_part(filename, '/', -3) AS run_id, file,
     CAST("row" AS BIGINT) AS "row", CAST(line AS BIGINT) AS line, "column", "value", reason,
     ${hasInput ? 'to_json(input)' : 'CAST(NULL AS JSON)'} AS input
   FROM read_parquet(${quoteFiles(files)}, filename = true, hive_partitioning = false)`;
}
