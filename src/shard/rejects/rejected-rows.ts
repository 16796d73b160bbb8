import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Plan, ShardPlan } from '../../core/plan.ts';
import { quoteFile } from '../../core/text/sql.ts';
import type { RunPaths } from '../../runs/layout.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { filePlaces } from '../../source/locate-row.ts';

/**
 * The input rows, from 0, that a shard rejected, in order. Null where its rejects leave that open: they tell file
 * and row, and the rows of several files may have been staged into one.
 */
export async function rejectedRows(
  database: Database,
  plan: Plan,
  paths: RunPaths,
  shard: ShardPlan,
): Promise<readonly number[] | null> {
  const file = paths.rejects(shard.index);
  if (!existsSync(file)) return [];
  const rejects = await database.rows(`SELECT file, "row" AS n FROM read_parquet(${quoteFile(file)})`);
  const at = (path: string): string => resolve(plan.workingFolder ?? '', path);
  const firstRows = new Map(filePlaces(plan.input).map((place) => [at(place.file), place.firstRow]));
  const rejected = rejects.map(
    (each) => (firstRows.get(at(String(each.file))) ?? Number.NaN) + Number(each.n) - 1,
  );
  return rejected.some(Number.isNaN) ? null : rejected.sort((a, b) => a - b);
}
