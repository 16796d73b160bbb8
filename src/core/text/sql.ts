/** `"a ""b"""`: an identifier for SQL. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `'it''s'`: a text literal for SQL. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A file that DuckDB is to read. It would take `sales[1].parquet` for a pattern, and read `sales1.parquet`. */
export function quoteFile(path: string): string {
  return quoteText(escapePattern(path));
}

/** A path as a pattern that means this path alone: `sales[[]1].parquet`. */
export function escapePattern(path: string): string {
  return path.replace(/[[*?]/g, '[$&]');
}

export function quoteFiles(paths: readonly string[]): string {
  return `[${paths.map(quoteFile).join(', ')}]`;
}
