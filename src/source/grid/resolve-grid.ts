import { ServeBatchError } from '../../core/errors.ts';
import type {
  Column,
  GridDimension,
  GridPlan,
  InputFingerprint,
  NamedTable,
  ResolvedInput,
} from '../../core/table.ts';
import { suggestion } from '../../core/text/nearest.ts';
import type { Database } from '../duckdb/database.ts';
import { findFiles } from '../files/find-files.ts';
import { INPUT_ROW } from '../input-row.ts';
import { duckdbReason } from '../read-error.ts';
import { rangeDimension } from './grid-range.ts';
import { cellCount, countBlocks, listSql, valueSql, withFileColumn } from './grid-rows.ts';
import type { FileDimension, GridSpec, ListDimension } from './grid-spec.ts';

/**
 * Looks at a grid's dimensions and counts its rows. Throws `INPUT_GRID` for a dimension that is empty or
 * holds a null, and for a filter that is no condition; `INPUT_EMPTY` where the filter leaves no row.
 */
export async function resolveGrid(
  database: Database,
  spec: GridSpec,
  source: InputFingerprint,
  tables: readonly NamedTable[],
): Promise<ResolvedInput> {
  const dimensions: GridDimension[] = [];
  for (const each of spec.dimensions) {
    if (each.kind === 'file') dimensions.push(await fileDimension(database, each));
    else if (each.kind === 'list') dimensions.push(await listDimension(database, each));
    else dimensions.push(rangeDimension(each));
  }
  assertDistinctNames(dimensions);
  const { filter } = spec;
  const plain: GridPlan = { dimensions, filter, tables: filter === null ? [] : tables, blocks: null };
  const blocks = filter === null ? null : await filteredBlocks(database, { ...plain, filter });
  const rows = blocks === null ? cellCount(plain) : blocks.reduce((sum, each) => sum + each, 0);
  if (!Number.isSafeInteger(cellCount(plain)))
    throw new ServeBatchError('INPUT_GRID', `input.grid has more rows than can be counted (${rows}).`);
  if (rows === 0)
    throw new ServeBatchError(
      'INPUT_EMPTY',
      `No row of input.grid meets input.filter (${filter}). Expected at least one: an empty run would publish an empty store.`,
    );
  return {
    format: 'grid',
    paths: source.sources.map(({ path }) => path),
    sources: source.sources,
    fingerprint: source.fingerprint,
    columns: dimensions.map(({ name, type }) => ({ name, type })),
    hiveColumns: [],
    files: [],
    grid: { ...plain, blocks },
    staged: false,
    excerpt: null,
    rows,
    stagingRejects: 0,
    written: [],
    badCells: [],
    places: null,
  };
}

async function filteredBlocks(
  database: Database,
  grid: GridPlan & { readonly filter: string },
): Promise<readonly number[]> {
  try {
    return await countBlocks(database, grid);
  } catch (error) {
    if (error instanceof ServeBatchError) throw error;
    throw new ServeBatchError(
      'INPUT_GRID',
      `input.filter fails: ${duckdbReason(error)}. Expected an SQL condition over ${grid.dimensions.map(({ name }) => name).join(', ')} and the tables of features.tables.`,
      { cause: error },
    );
  }
}

async function fileDimension(database: Database, spec: FileDimension): Promise<GridDimension> {
  const where = `input.grid.${spec.name}`;
  const paths = (await findFiles([spec.path])).map(({ path }) => path);
  const columns = wantedColumns(spec);
  return withFileColumn(database, spec.name, { paths, columns }, async (table) => {
    const { name: found, type } = findColumn(spec, columns, table.columns);
    if (table.rows === 0) throw emptyDimension(where, spec);
    const [counted] = await database.rows(
      `SELECT count(DISTINCT value) AS n, count(*) - count(value) AS nulls FROM (${valueSql(table, found, type)})`,
    );
    if (Number(counted?.nulls) > 0)
      throw new ServeBatchError(
        'INPUT_GRID',
        `${where}: the column ${found} of ${spec.path} is empty in ${counted?.nulls} rows. Expected a value in each: fill it, or remove the rows.`,
        { fields: { dimension: spec.name, file: spec.path } },
      );
    return {
      name: spec.column === null ? found : spec.name,
      type,
      size: Number(counted?.n),
      source: { kind: 'file', paths, column: found },
    };
  });
}

function emptyDimension(where: string, { path }: FileDimension): ServeBatchError {
  return new ServeBatchError('INPUT_EMPTY', `${where}: ${path} has no rows. Expected at least one value.`);
}

/** `stores: stores.csv` means the column stores, or store. */
function wantedColumns({ name, column }: FileDimension): readonly string[] {
  return column === null ? [...new Set([name, name.replace(/s$/, '')])] : [column];
}

function findColumn(
  { name, path }: FileDimension,
  wanted: readonly string[],
  columns: readonly Column[],
): Column {
  for (const each of wanted) {
    const found = columns.find((column) => column.name.toLowerCase() === each.toLowerCase());
    if (found !== undefined) return found;
  }
  const names = columns.map((column) => column.name);
  throw new ServeBatchError(
    'INPUT_GRID',
    `input.grid.${name}: ${path} has no column ${wanted.join(' or ')}.${suggestion(wanted.at(-1) ?? '', names)} It has ${names.join(', ')}. Write {file: ${path}, column: NAME}.`,
    { fields: { dimension: name, file: path } },
  );
}

async function listDimension(database: Database, { name, values }: ListDimension): Promise<GridDimension> {
  const source = { kind: 'list' as const, values: values.map(String) };
  const type = typeOfValues(values);
  const [counted] = await database.rows(`SELECT count(*) AS n FROM (${listSql(source.values, type)})`);
  return { name, type, size: Number(counted?.n), source };
}

function typeOfValues(values: ListDimension['values']): string {
  if (values.every((each) => Number.isSafeInteger(each))) return 'BIGINT';
  if (values.every((each) => typeof each === 'number')) return 'DOUBLE';
  return values.every((each) => typeof each === 'boolean') ? 'BOOLEAN' : 'VARCHAR';
}

/** DuckDB's names differ by more than case; the number of a row is a column, too. */
function assertDistinctNames(dimensions: readonly GridDimension[]): void {
  const seen = new Set([INPUT_ROW]);
  for (const { name } of dimensions) {
    if (seen.has(name.toLowerCase()))
      throw new ServeBatchError(
        'INPUT_GRID',
        `The column "${name}" of input.grid is there twice, or has a name that serve-batch uses itself. Call the dimension otherwise: NAME: {file: FILE, column: ${name}}.`,
        { fields: { dimension: name } },
      );
    seen.add(name.toLowerCase());
  }
}
