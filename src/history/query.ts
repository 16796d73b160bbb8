import { quoteText } from '../core/text/sql.ts';
import type { Database } from '../source/duckdb/database.ts';
import { withDatabase } from './history-database.ts';
import { historyJobs } from './history-jobs.ts';
import { openRows, type ResultRows, type ValueText } from './result-rows.ts';
import { sqlError } from './sql-error.ts';
import { checkSelect } from './sql-statement.ts';
import { historyViews, viewsMeant } from './views/views.ts';

export interface QueryRequest {
  /** Folders of jobs: nothing outside them can be read. */
  readonly roots: readonly string[];
  /** Only this job's runs and predictions. */
  readonly job?: string;
  readonly sql: string;
  /** Rows of the result at most; undefined: all. */
  readonly limit?: number;
  readonly signal: AbortSignal;
}

/**
 * Runs a SELECT over the views of the history, and hands its rows to `use`, as text and a few at a time.
 * Throws `USAGE`, with DuckDB's message and the names of the views, where it cannot be run.
 */
export function queryRows<T>(
  request: QueryRequest & { readonly text: ValueText },
  use: (rows: ResultRows) => Promise<T>,
): Promise<T> {
  return query(request, null, async (database, select) =>
    use(await openRows(database.connection, select, request.text)),
  );
}

/** Writes the result of a SELECT to a Parquet file, with its types. `path` must not exist. */
export function queryToParquet(request: QueryRequest, path: string): Promise<void> {
  return query(request, path, async (database, select) => {
    await database.run(`COPY (${select}) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd)`);
  });
}

async function query<T>(
  request: QueryRequest,
  writable: string | null,
  use: (database: Database, select: string) => Promise<T>,
): Promise<T> {
  const { roots, sql, limit, signal } = request;
  const jobs = await historyJobs(roots, request.job);
  const views = historyViews(jobs);
  const names = {
    views: views.map(({ name }) => name),
    unpublished: jobs.filter(({ current }) => current === undefined).map(({ job }) => job),
  };
  return withDatabase(signal, async (database) => {
    for (const { create } of viewsMeant(sql, views)) await create(database);
    await database.confine({ folders: roots, files: writable === null ? [] : [writable] });
    try {
      const checked = await checkSelect(database.connection, sql);
      const select = `SELECT * FROM (${checked.sql}\n)${limit === undefined ? '' : ` LIMIT ${limit}`}`;
      return await use(database, select);
    } catch (error) {
      signal.throwIfAborted();
      throw sqlError(error, sql, names);
    }
  });
}
