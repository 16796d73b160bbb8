import { ServeBatchError } from '../core/errors.ts';
import { quoteFiles, quoteName } from '../core/sql.ts';
import type { NamedTable, TableFormat } from '../core/table.ts';
import type { Database } from './database.ts';
import { formatOfFiles } from './formats/table-formats.ts';
import { duckdbReason } from './read-error.ts';

/**
 * Makes the tables that `features.select` and `input.filter` read, once for a database: text is parsed into
 * a table, Parquet is read where it lies. Throws `INPUT_UNREADABLE`.
 */
export async function createFeatureTables(database: Database, tables: readonly NamedTable[]): Promise<void> {
  for (const { name, sources } of tables) {
    const paths = sources.map(({ path }) => path);
    try {
      const format = formatOfFiles(paths);
      const kind = format === 'parquet' ? 'VIEW' : 'TABLE';
      await database.runOnce(
        `CREATE TEMP ${kind} ${quoteName(name)} AS SELECT * FROM ${readTableSql(format, paths)}`,
      );
    } catch (error) {
      throw new ServeBatchError(
        'INPUT_UNREADABLE',
        `features.tables.${name} (${paths.join(', ')}) cannot be read: ${duckdbReason(error)}. Expected Parquet, CSV, TSV or JSON.`,
        { cause: error, fields: { files: paths } },
      );
    }
  }
}

/** A relation of small files, for FROM: their types are guessed from all that stands in them. */
export function readTableSql(format: TableFormat, paths: readonly string[]): string {
  const list = quoteFiles(paths);
  switch (format) {
    case 'csv':
      return `read_csv(${list}, sample_size = -1, union_by_name = true)`;
    case 'json':
      return `read_json(${list}, sample_size = -1, union_by_name = true)`;
    case 'parquet':
      return `read_parquet(${list}, union_by_name = true)`;
    case 'arrow':
      throw new Error('Arrow files are read as the input only');
  }
}
