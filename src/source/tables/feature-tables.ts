import type { BadCells, NamedTable } from '../../core/table.ts';
import { quoteName } from '../../core/text/sql.ts';
import { NO_NEEDS } from '../csv/staged-columns.ts';
import type { Database } from '../duckdb/database.ts';
import { withTableRows } from './small-table.ts';

export interface FeatureTableOptions {
  /** The field of the job file that names a table, for messages. */
  readonly fieldOf?: (name: string) => string;
  readonly copies?: boolean;
}

const featuresTable = (name: string): string => `features.tables.${name}`;

/** The tables that a database has, and their bad cells. */
const MADE = new WeakMap<Database, Map<string, readonly BadCells[]>>();

/**
 * Makes the tables that `features.select` and `input.filter` read, once for a database: text is parsed into
 * a table, Parquet is read where it lies, unless a copy of it is wanted for many short queries. Returns their bad
 * cells, whose columns are called `table.column`.
 */
export async function createFeatureTables(
  database: Database,
  tables: readonly NamedTable[],
  { fieldOf = featuresTable, copies = false }: FeatureTableOptions = {},
): Promise<readonly BadCells[]> {
  const made = MADE.get(database) ?? new Map<string, readonly BadCells[]>();
  MADE.set(database, made);
  const found: BadCells[] = [];
  for (const table of tables) {
    // A table of the same name and other files is not the same: making it fails.
    const key = JSON.stringify([table.name, table.sources]);
    const options = { field: fieldOf(table.name), copies };
    const badCells = made.get(key) ?? (await createTable(database, table, options));
    made.set(key, badCells);
    found.push(...badCells);
  }
  return found;
}

function createTable(
  database: Database,
  { name, sources, paths }: NamedTable,
  { field, copies }: { readonly field: string; readonly copies: boolean },
): Promise<readonly BadCells[]> {
  const table = {
    field,
    sources,
    paths: paths ?? sources.map(({ path }) => path),
    hive: 'auto',
    needs: NO_NEEDS,
  } as const;
  return withTableRows(database, table, async ({ format, columns, rows, sql, badCells }) => {
    const kind = format === 'parquet' && !copies ? 'VIEW' : 'TABLE';
    const none = columns.map((column) => `CAST(NULL AS ${column.type}) AS ${quoteName(column.name)}`);
    const select = rows === 0 ? `SELECT ${none.join(', ')} WHERE false` : sql;
    await database.run(`CREATE TEMP ${kind} ${quoteName(name)} AS ${select}`);
    return badCells.map((each) => ({ ...each, column: `${name}.${each.column}` }));
  });
}
