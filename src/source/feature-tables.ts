import { quoteName } from '../core/sql.ts';
import type { BadCells, NamedTable } from '../core/table.ts';
import { NO_NEEDS } from './csv/staged-columns.ts';
import type { Database } from './database.ts';
import { withTableRows } from './small-table.ts';

/** The tables that a database has, and their bad cells. */
const MADE = new WeakMap<Database, Map<string, readonly BadCells[]>>();

/**
 * Makes the tables that `features.select` and `input.filter` read, once for a database: text is parsed into
 * a table, Parquet is read where it lies. Returns their bad cells, whose columns are called `table.column`.
 * @param fieldOf the field of the job file that names a table, for messages
 */
export async function createFeatureTables(
  database: Database,
  tables: readonly NamedTable[],
  fieldOf = (name: string): string => `features.tables.${name}`,
): Promise<readonly BadCells[]> {
  const made = MADE.get(database) ?? new Map<string, readonly BadCells[]>();
  MADE.set(database, made);
  const found: BadCells[] = [];
  for (const table of tables) {
    // A table of the same name and other files is not the same: making it fails.
    const key = JSON.stringify([table.name, table.sources]);
    const badCells = made.get(key) ?? (await createTable(database, table, fieldOf(table.name)));
    made.set(key, badCells);
    found.push(...badCells);
  }
  return found;
}

function createTable(
  database: Database,
  { name, sources, paths }: NamedTable,
  field: string,
): Promise<readonly BadCells[]> {
  const table = {
    field,
    sources,
    paths: paths ?? sources.map(({ path }) => path),
    hive: 'auto',
    needs: NO_NEEDS,
  } as const;
  return withTableRows(database, table, async ({ format, columns, rows, sql, badCells }) => {
    const kind = format === 'parquet' ? 'VIEW' : 'TABLE';
    const none = columns.map((column) => `CAST(NULL AS ${column.type}) AS ${quoteName(column.name)}`);
    const select = rows === 0 ? `SELECT ${none.join(', ')} WHERE false` : sql;
    await database.run(`CREATE TEMP ${kind} ${quoteName(name)} AS ${select}`);
    return badCells.map((each) => ({ ...each, column: `${name}.${each.column}` }));
  });
}
