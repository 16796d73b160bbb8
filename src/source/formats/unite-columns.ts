import { ServeBatchError } from '../../core/errors.ts';
import type { Column } from '../../core/table.ts';
import { quoteFiles, quoteName } from '../../core/text/sql.ts';
import type { Database } from '../duckdb/database.ts';
import { type CommonType, commonType, isFloat, isInteger, isNested } from './common-type.ts';

/** Parquet files whose columns have the same names and types. */
export interface FilesOfSchema {
  readonly paths: readonly string[];
  readonly columns: readonly Column[];
}

/** A type of one column, and the files that have it. */
interface TypeInFiles {
  readonly type: string;
  /** The column as these files spell it. */
  readonly name: string;
  readonly paths: readonly string[];
}

/**
 * The columns of all files, joined by name whatever the case: the first spelling counts. Types that differ
 * are widened where no value changes by it. Throws `SCHEMA_MISMATCH` otherwise, naming two files and their
 * types. `pathOf`: what a file is called in messages.
 */
export async function uniteColumns(
  database: Database,
  schemas: readonly FilesOfSchema[],
  pathOf: (path: string) => string = (path) => path,
): Promise<readonly Column[]> {
  const columns = new Map<string, { readonly name: string; readonly types: Map<string, TypeInFiles> }>();
  for (const { paths, columns: own } of schemas) {
    for (const { name, type } of own) {
      const column = columns.get(name.toLowerCase()) ?? { name, types: new Map() };
      const known = column.types.get(type);
      column.types.set(type, { type, name, paths: [...(known?.paths ?? []), ...paths] });
      columns.set(name.toLowerCase(), column);
    }
  }
  const united: Column[] = [];
  for (const { name, types } of columns.values()) {
    const type = await uniteTypes(database, name, [...types.values()], pathOf);
    united.push({ name, type });
  }
  return united;
}

async function uniteTypes(
  database: Database,
  name: string,
  types: readonly TypeInFiles[],
  pathOf: (path: string) => string,
): Promise<string> {
  const [only, ...others] = types;
  if (only !== undefined && others.length === 0) return only.type;
  // Where a column is all null, pandas writes a type that means nothing.
  const meant = (await foldTypes(database, types)) === undefined ? await withValues(database, types) : types;
  const common = await foldTypes(database, meant);
  if (common === undefined) throw differingTypes(name, meant, pathOf);
  if (common.someOnly)
    for (const each of meant)
      if (!(await fitsAll(database, each, common.type))) throw differingTypes(name, meant, pathOf);
  return common.type;
}

async function foldTypes(database: Database, types: readonly TypeInFiles[]): Promise<CommonType | undefined> {
  let common: CommonType = { type: types[0]?.type ?? 'VARCHAR', someOnly: false };
  for (const { type } of types.slice(1)) {
    const next: CommonType | undefined =
      isNested(type) && isNested(common.type)
        ? await commonNested(database, common.type, type)
        : commonType(common.type, type);
    if (next === undefined) return undefined;
    common = { type: next.type, someOnly: next.someOnly || common.someOnly };
  }
  return common;
}

/** As DuckDB unites them: what it rounds shows in the values. */
async function commonNested(database: Database, a: string, b: string): Promise<CommonType | undefined> {
  if (a === b) return { type: a, someOnly: false };
  try {
    const [column] = await database.describe(
      `SELECT CAST(NULL AS ${a}) AS value UNION ALL SELECT CAST(NULL AS ${b})`,
    );
    return column && { type: column.type, someOnly: true };
  } catch {
    return undefined;
  }
}

async function withValues(
  database: Database,
  types: readonly TypeInFiles[],
): Promise<readonly TypeInFiles[]> {
  const found: TypeInFiles[] = [];
  for (const each of types) {
    const [counted] = await database.rows(`SELECT count(${quoteName(each.name)}) AS n FROM ${readSql(each)}`);
    if (Number(counted?.n) > 0) found.push(each);
  }
  return found.length === 0 ? types.slice(0, 1) : found;
}

/** Whether each value comes back from the wider type. A DOUBLE in the other files tells integers apart up to 2^53 only. */
async function fitsAll(database: Database, each: TypeInFiles, wider: string): Promise<boolean> {
  if (each.type === wider) return true;
  const name = quoteName(each.name);
  const inRange =
    isInteger(each.type) && isFloat(wider)
      ? `${name} BETWEEN -9007199254740992 AND 9007199254740992`
      : 'true';
  const [changed] = await database.rows(
    `SELECT count(*) AS n FROM ${readSql(each)} WHERE ${name} IS NOT NULL
       AND NOT (${inRange} AND TRY_CAST(TRY_CAST(${name} AS ${wider}) AS ${each.type}) IS NOT DISTINCT FROM ${name})`,
  );
  return Number(changed?.n) === 0;
}

function readSql({ paths }: TypeInFiles): string {
  return `read_parquet(${quoteFiles(paths)}, union_by_name = true, hive_partitioning = false)`;
}

function differingTypes(
  name: string,
  types: readonly TypeInFiles[],
  pathOf: (path: string) => string,
): ServeBatchError {
  const [first, second] = types;
  const where = (each: TypeInFiles | undefined): string => `${each?.type} in ${pathOf(each?.paths[0] ?? '')}`;
  return new ServeBatchError(
    'SCHEMA_MISMATCH',
    `Column "${name}" is ${where(first)} and ${where(second)}; no type holds the values of both without changing some. Write the files with one type for the column, or run them as inputs of their own.`,
    { fields: { column: name, files: [first, second].map((each) => pathOf(each?.paths[0] ?? '')) } },
  );
}
