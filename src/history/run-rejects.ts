import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchContents, listAnew } from '../core/files/mirror.ts';
import { quoteFiles } from '../core/text/sql.ts';
import { isMissing } from '../runs/json-file.ts';
import type { RunPaths } from '../runs/layout.ts';
import { withDatabase } from './history-database.ts';
import { openRows, type ResultRows, type ValueText } from './result-rows.ts';

/** Rejects of one run for one reason, whatever the value was. */
export interface RejectReason {
  readonly reason: string;
  /** The column to blame; null where no single one is. */
  readonly column: string | null;
  readonly rejects: number;
  /** One of the values; null where they are null. */
  readonly example: string | null;
}

export interface RejectReasons {
  /** The most frequent first. */
  readonly top: readonly RejectReason[];
  /** How many reasons there are in all. */
  readonly total: number;
}

/** The most frequent reasons of a run's rejects, at most `most`. A run without rejects opens no database. */
export async function rejectReasons(
  paths: RunPaths,
  most: number,
  signal: AbortSignal,
): Promise<RejectReasons> {
  const files = await rejectFiles(paths);
  if (files.length === 0) return { top: [], total: 0 };
  return withDatabase(signal, async (database) => {
    const rows = await database.rows(
      `SELECT "column", CASE WHEN "value" IS NULL THEN reason ELSE replace(reason, '"' || "value" || '"', '...') END AS reason,
         CAST(count(*) AS DOUBLE) AS rejects, min("value") AS example, CAST(count(*) OVER () AS DOUBLE) AS total
       FROM ${readerOf(files)} GROUP BY ALL ORDER BY rejects DESC, "column", reason LIMIT ${most}`,
    );
    const top = rows.map((row) => ({
      reason: String(row.reason),
      column: row.column === null ? null : String(row.column),
      rejects: Number(row.rejects),
      example: row.example === null ? null : String(row.example),
    }));
    return { top, total: Number(rows[0]?.total ?? 0) };
  });
}

export interface RejectRowsRequest {
  readonly paths: RunPaths;
  /** `missing`: the keys of a grid that have no prediction; `rejects`: where each row stands, and why. */
  readonly what: 'missing' | 'rejects';
  readonly limit: number | undefined;
  readonly text: ValueText;
  readonly signal: AbortSignal;
}

/** Hands the rejected rows of a run to `use`, and how many there are. Null where it has none. */
export async function rejectRows<T>(
  request: RejectRowsRequest,
  use: (rows: ResultRows, total: number) => Promise<T>,
): Promise<T | null> {
  const { paths, what, limit, text, signal } = request;
  const files = await rejectFiles(paths);
  if (files.length === 0) return null;
  const columns = what === 'missing' ? 'input.*' : 'file, "row", line, "column", "value", reason';
  return withDatabase(signal, async (database) => {
    const [counted] = await database.rows(`SELECT CAST(count(*) AS DOUBLE) AS total FROM ${readerOf(files)}`);
    const select = `SELECT ${columns} FROM ${readerOf(files)}${limit === undefined ? '' : ` LIMIT ${limit}`}`;
    return use(await openRows(database.connection, select, text), Number(counted?.total ?? 0));
  });
}

async function rejectFiles({ rejectsFolder }: RunPaths): Promise<readonly string[]> {
  try {
    await listAnew(rejectsFolder);
    const names = (await readdir(rejectsFolder)).filter((name) => name.endsWith('.parquet')).sort();
    const files = names.map((name) => join(rejectsFolder, name));
    await fetchContents(files);
    return files;
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function readerOf(files: readonly string[]): string {
  return `read_parquet(${quoteFiles(files)}, union_by_name = true, hive_partitioning = false)`;
}
