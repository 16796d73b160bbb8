import type { Database } from '../duckdb/database.ts';

/**
 * Which columns of files a SELECT reads, by DuckDB's own plan of it: those that a scan projects or filters by. A name
 * that is part of another one may be among them, too.
 */
export async function scannedColumns(
  database: Database,
  select: string,
  columns: readonly string[],
): Promise<readonly string[]> {
  const [row] = await database.rows(`EXPLAIN (FORMAT json) ${select}`);
  const said = scansOf(JSON.parse(String(row?.explain_value))).map((text) => text.toLowerCase());
  return columns.filter((name) => said.some((text) => text.includes(name.toLowerCase())));
}

/** What the scans of Parquet say of themselves. */
function scansOf(node: unknown): readonly string[] {
  if (Array.isArray(node)) return node.flatMap(scansOf);
  if (typeof node !== 'object' || node === null) return [];
  const { name, children, extra_info: info } = node as Readonly<Record<string, unknown>>;
  const own = /parquet/i.test(String(name)) ? textsIn(info) : [];
  return [...own, ...scansOf(children)];
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
