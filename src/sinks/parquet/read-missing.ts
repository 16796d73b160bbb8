import { existsSync } from 'node:fs';
import type { Plan } from '../../core/plan.ts';
import { quoteFiles, quoteName } from '../../core/text/sql.ts';
import type { RunPaths } from '../../runs/layout.ts';
import type { Database } from '../../source/duckdb/database.ts';

/**
 * The first rows of a grid that have no prediction, as texts like `store=1 product=2 date=2026-11-21`: each
 * row without one is a reject, which keeps the values of its dimensions.
 */
export async function readMissing(
  database: Database,
  plan: Plan,
  paths: RunPaths,
  limit: number,
): Promise<readonly string[]> {
  const files = plan.shards.map(({ index }) => paths.rejects(index)).filter((file) => existsSync(file));
  if (files.length === 0) return [];
  const names = plan.input.columns.map(({ name }) => name);
  const list = names.map((name) => `CAST(input.${quoteName(name)} AS VARCHAR) AS ${quoteName(name)}`);
  const rows = await database.rows(
    `SELECT ${list.join(', ')} FROM read_parquet(${quoteFiles(files)}) LIMIT ${limit}`,
  );
  return rows.map((row) => names.map((name) => `${name}=${String(row[name])}`).join(' '));
}
