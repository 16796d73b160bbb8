import type { GridDimension, GridPlan } from '../../core/table.ts';
import { quoteName, quoteText } from '../../core/text/sql.ts';
import { NO_NEEDS } from '../csv/staged-columns.ts';
import type { Database } from '../duckdb/database.ts';
import { sourceFile } from '../files/find-files.ts';
import { INPUT_ROW } from '../input-row.ts';
import { createFeatureTables } from '../tables/feature-tables.ts';
import { type SmallTableRows, withTableRows } from '../tables/small-table.ts';

/** A condition, over SQL of a row's number, that holds for the rows that are wanted. */
export type SomeRows = (rowNumber: string) => string;

/** Cells of a block: how finely the rows that meet the filter are counted when a run is planned. */
export const BLOCK_CELLS = 122_880;

/** The number of a combination of values, whether or not the filter keeps it. */
const CELL = 'serve_batch_cell';

/**
 * A SELECT of a grid's rows `rowStart` to `rowEnd` (exclusive), in order. Each shard makes its own rows from
 * their numbers: the grid is written nowhere. With `numbered` they have the column {@link INPUT_ROW}; without
 * `ordered` they come in any order.
 */
export async function gridRowsSql(
  database: Database,
  grid: GridPlan,
  { rowStart, rowEnd }: { readonly rowStart: number; readonly rowEnd: number },
  {
    numbered,
    ordered = true,
    some = null,
  }: { readonly numbered: boolean; readonly ordered?: boolean; readonly some?: SomeRows | null },
): Promise<string> {
  await createGridTables(database, grid);
  const columns = grid.dimensions.map(({ name }) => quoteName(name)).join(', ');
  const list = numbered ? `${columns}, ${INPUT_ROW}` : columns;
  const order = ordered ? ` ORDER BY ${INPUT_ROW}` : '';
  if (grid.blocks === null) {
    const rows = `SELECT *, ${CELL} AS ${INPUT_ROW} FROM (${cellsSql(grid, rowStart, rowEnd, some)})`;
    return `SELECT ${list} FROM (${rows})${order}`;
  }
  const span = blocksOf(grid.blocks, rowStart, rowEnd);
  const cells = cellsSql(grid, span.first * BLOCK_CELLS, Math.min(span.end * BLOCK_CELLS, cellCount(grid)));
  const rows = `SELECT *, row_number() OVER (ORDER BY ${CELL}) - 1 + ${span.rowsBefore} AS ${INPUT_ROW}
    FROM (SELECT * FROM (${cells}) WHERE (${grid.filter}\n))`;
  const wanted = some === null ? '' : ` AND ${some(INPUT_ROW)}`;
  return `SELECT ${list} FROM (${rows}) WHERE ${INPUT_ROW} >= ${rowStart} AND ${INPUT_ROW} < ${rowEnd}${wanted}${order}`;
}

/** Counts the rows that meet the filter, for each block of cells. */
export async function countBlocks(
  database: Database,
  grid: GridPlan & { readonly filter: string },
): Promise<readonly number[]> {
  await createGridTables(database, grid);
  const counted = await database.rows(
    `SELECT ${CELL} // ${BLOCK_CELLS} AS block, count(*) AS n FROM (${cellsSql(grid, 0, cellCount(grid))}) WHERE (${grid.filter}\n) GROUP BY block`,
  );
  const blocks = new Array<number>(Math.ceil(cellCount(grid) / BLOCK_CELLS)).fill(0);
  for (const { block, n } of counted) blocks[Number(block)] = Number(n);
  return blocks;
}

/** All combinations of values. */
export function cellCount({ dimensions }: Pick<GridPlan, 'dimensions'>): number {
  return dimensions.reduce((product, { size }) => product * size, 1);
}

/** The tables that have the values of the dimensions, `value` and `position`, in their order. */
export async function dimensionTables(database: Database, grid: GridPlan): Promise<readonly string[]> {
  await createGridTables(database, grid);
  return grid.dimensions.map((_, index) => tableName(index));
}

/** The dimensions of which databases have the tables. */
const MADE = new WeakMap<Database, string>();

/** Makes the tables of the dimensions' values, and those of the filter, once for a database. */
async function createGridTables(database: Database, grid: GridPlan): Promise<void> {
  const dimensions = JSON.stringify(grid.dimensions);
  if (MADE.get(database) !== dimensions) {
    for (const [index, dimension] of grid.dimensions.entries())
      await createDimension(database, tableName(index), dimension);
    MADE.set(database, dimensions);
  }
  await createFeatureTables(database, grid.tables);
}

async function createDimension(
  database: Database,
  table: string,
  { name, source, type, size }: GridDimension,
): Promise<void> {
  const create = (values: string): Promise<void> =>
    database.run(`CREATE TEMP TABLE ${table} AS ${values} ORDER BY position`);
  switch (source.kind) {
    case 'file':
      return withFileColumn(database, name, { paths: source.paths, columns: [source.column] }, (rows) =>
        create(distinctSql(valueSql(rows, source.column, type))),
      );
    case 'list':
      return create(listSql(source.values, type));
    case 'range':
      return create(
        `SELECT ${rangeValueSql(source.from, source.step, type)} AS value, range AS position FROM range(${size})`,
      );
  }
}

/** The rows of a dimension's files. The values of `columns` make keys: they are text where a number would print otherwise. */
export async function withFileColumn<T>(
  database: Database,
  dimension: string,
  { paths, columns }: { readonly paths: readonly string[]; readonly columns: readonly string[] },
  use: (rows: SmallTableRows) => Promise<T>,
): Promise<T> {
  const sources = await Promise.all(paths.map(sourceFile));
  const needs = { ...NO_NEEDS, keys: columns };
  const table = { field: `input.grid.${dimension}`, sources, paths, hive: false, needs } as const;
  return withTableRows(database, table, use);
}

/** A column of a dimension's rows, under the name `value`. */
export function valueSql({ sql }: Pick<SmallTableRows, 'sql'>, column: string, type: string): string {
  return `SELECT CAST(${quoteName(column)} AS ${type}) AS value FROM (${sql})`;
}

/** The distinct values of a list with their positions, from 0. */
export function listSql(values: readonly string[], type: string): string {
  return distinctSql(`SELECT CAST(unnest([${values.map(quoteText).join(', ')}]) AS ${type}) AS value`);
}

/** Each value once, in the order of its first place. */
function distinctSql(values: string): string {
  return `SELECT value, row_number() OVER (ORDER BY place) - 1 AS position FROM (
    SELECT value, min(place) AS place FROM (SELECT value, row_number() OVER () AS place FROM (${values})) GROUP BY value)`;
}

function rangeValueSql(from: string, step: number, type: string): string {
  if (type === 'BIGINT') return `${from} + range * ${step}`;
  if (type === 'DATE') return `DATE ${quoteText(from)} + CAST(range * ${step} AS INTEGER)`;
  return `TIMESTAMP ${quoteText(from)} + to_seconds(range * ${step})`;
}

/**
 * Each combination has its values, so that an inner join would give the same rows. Of a left one DuckDB knows that as
 * many rows come out as go in; of an inner one it expects a few hundred, and whatever is joined to them afterwards
 * makes a hash table of the grid's rows instead of a small one of the other table's.
 */
function cellsSql({ dimensions }: GridPlan, from: number, to: number, some: SomeRows | null = null): string {
  let stride = 1;
  const joins: string[] = [];
  const columns: string[] = [];
  for (const [index, { name, size }] of [...dimensions.entries()].reverse()) {
    const position = `(${CELL} // ${stride}) % ${size}`;
    joins.push(`LEFT JOIN ${tableName(index)} d${index} ON d${index}.position = ${position}`);
    columns.unshift(`d${index}.value AS ${quoteName(name)}`);
    stride *= size;
  }
  return `SELECT ${CELL}, ${columns.join(', ')} FROM (SELECT range AS ${CELL} FROM range(${from}, ${to})${some === null ? '' : ` WHERE ${some('range')}`}) ${joins.join(' ')}`;
}

function tableName(index: number): string {
  return `serve_batch_grid_${index}`;
}

/** The blocks that hold a range of rows, and how many rows stand before them. */
function blocksOf(
  blocks: readonly number[],
  rowStart: number,
  rowEnd: number,
): { readonly first: number; readonly end: number; readonly rowsBefore: number } {
  let first = 0;
  let rowsBefore = 0;
  while (first < blocks.length - 1 && rowsBefore + (blocks[first] ?? 0) <= rowStart)
    rowsBefore += blocks[first++] ?? 0;
  let end = first;
  for (let rows = rowsBefore; end < blocks.length && rows < rowEnd; end++) rows += blocks[end] ?? 0;
  return { first, end, rowsBefore };
}
