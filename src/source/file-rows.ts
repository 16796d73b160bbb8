import type { Column, ResolvedInput, TableFile, WrittenColumn } from '../core/table.ts';
import { quoteFiles, quoteName } from '../core/text/sql.ts';
import { ODD_COLUMN } from './csv/staging-select.ts';
import type { Database } from './duckdb/database.ts';
import { commonType, isNested } from './formats/common-type.ts';
import { partitionValueSql } from './formats/partitions.ts';
import { HIDDEN_PREFIX } from './formats/staged-copy.ts';
import { INPUT_ROW } from './input-row.ts';
import { fetchAll, localPaths } from './remote/fetch-rows.ts';

/** Rows of one file. `rowEnd` is exclusive. */
export interface Segment {
  readonly file: TableFile;
  readonly rowStart: number;
  readonly rowEnd: number;
}

/** The pieces of files that make up the input's rows `rowStart` to `rowEnd` (exclusive), in order. */
export function segmentsOf(files: readonly TableFile[], rowStart: number, rowEnd: number): Segment[] {
  const segments: Segment[] = [];
  let base = 0;
  for (const file of files) {
    const start = Math.max(rowStart - base, 0);
    const end = Math.min(rowEnd - base, file.rows);
    if (start < end) segments.push({ file, rowStart: start, rowEnd: end });
    base += file.rows;
    if (base >= rowEnd) break;
  }
  return segments;
}

export interface RowsOptions {
  /** With the column {@link INPUT_ROW}. */
  readonly numbered?: boolean;
  /** With the columns that the staged copy of a CSV has besides. */
  readonly hidden?: boolean;
  /** Of objects in a bucket, `later`: whoever runs the SELECT says before which of it is read (`fetchScanned`). */
  readonly fetch?: 'now' | 'later';
}

/**
 * A SELECT of the rows `rowStart` to `rowEnd` (exclusive) of files, in order, with the columns and types
 * that the plan has, whatever the single files have.
 *
 * `file_row_number` lets DuckDB skip row groups; LIMIT and OFFSET would read all rows before.
 */
export async function fileRowsSql(
  database: Database,
  input: Pick<ResolvedInput, 'files' | 'columns' | 'hiveColumns' | 'written'> &
    Partial<Pick<ResolvedInput, 'sources'>>,
  range: { readonly rowStart: number; readonly rowEnd: number },
  options: RowsOptions = {},
): Promise<string> {
  const selects: string[] = [];
  const segments = segmentsOf(input.files, range.rowStart, range.rowEnd);
  const names = segments.map(({ file }) => file.path);
  const local = await localPaths(database, input, names);
  if (options.fetch !== 'later') await fetchAll(database, input, segments);
  let rowStart = range.rowStart;
  for (const group of groupSegments(segments, hidesIndex(input))) {
    const scan = scanSql(group, local);
    // Files of one input may have different columns; a single one was described when it was planned.
    const present =
      input.files.length === 1 && input.written.length === 0
        ? withoutNames(input.columns, input.hiveColumns)
        : await database.describe(`SELECT * FROM ${scan}`);
    const number = options.numbered === true ? `, ${numberSql(group, rowStart)} AS ${INPUT_ROW}` : '';
    const hidden = options.hidden === true ? hiddenList(present) : '';
    const list = input.columns.map((column) =>
      input.hiveColumns.some(({ name }) => name === column.name)
        ? partitionSql(column, group)
        : columnSql(column, present, input.written),
    );
    selects.push(`SELECT ${list.join(', ')}${hidden}${number} FROM ${scan}${rangeSql(group)}`);
    rowStart += group.reduce((rows, segment) => rows + segment.rowEnd - segment.rowStart, 0);
  }
  return selects.join(' UNION ALL ');
}

/** Whether files have a column under the name by which DuckDB tells the files of a scan apart. */
function hidesIndex({ columns, hiveColumns }: Pick<ResolvedInput, 'columns' | 'hiveColumns'>): boolean {
  return hiveColumns.length > 0 && columns.some(({ name }) => name.toLowerCase() === 'file_index');
}

function withoutNames(columns: readonly Column[], others: readonly Column[]): readonly Column[] {
  return columns.filter(({ name }) => !others.some((each) => each.name === name));
}

/** The number, in the whole input, of a row of a scan whose first row has the number `rowStart`. */
function numberSql(group: readonly Segment[], rowStart: number): string {
  const [only] = group;
  // Without a window, which DuckDB computes also where nobody reads it.
  if (group.length === 1 && only !== undefined) return `(file_row_number + ${rowStart - only.rowStart})`;
  return `(row_number() OVER () - 1 + ${rowStart})`;
}

/** Whole files of the same columns that follow each other are read by one scan; a file read in part has its own. */
function groupSegments(segments: readonly Segment[], alone: boolean): Segment[][] {
  const groups: Segment[][] = [];
  for (const segment of segments) {
    const last = groups.at(-1);
    const isLike = last?.[0]?.file.schema === segment.file.schema;
    if (last !== undefined && !alone && isLike && isWhole(segment) && last.every(isWhole)) last.push(segment);
    else groups.push([segment]);
  }
  return groups;
}

function isWhole({ file, rowStart, rowEnd }: Segment): boolean {
  return rowStart === 0 && rowEnd === file.rows;
}

function scanSql(group: readonly Segment[], local: ReadonlyMap<string, string>): string {
  const files = quoteFiles(group.map(({ file }) => local.get(file.path) ?? file.path));
  return `read_parquet(${files}, union_by_name = true, hive_partitioning = false, file_row_number = true)`;
}

/** A column whose value is in the path of the file. */
function partitionSql({ name, type }: Column, group: readonly Segment[]): string {
  const values = group.map(({ file }) => partitionValueSql(file.path, name));
  const isOne = values.every((value) => value === values[0]);
  const value = isOne ? values[0] : `list_extract([${values.join(', ')}], CAST(file_index AS BIGINT) + 1)`;
  return `CAST(${value} AS ${type}) AS ${quoteName(name)}`;
}

/** Files may spell a column in another case than the first of them. */
function columnSql(
  { name, type }: Column,
  present: readonly Column[],
  written: readonly WrittenColumn[],
): string {
  const own = present.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (own === undefined) return `CAST(NULL AS ${type}) AS ${quoteName(name)}`;
  if (own.type === type)
    return own.name === name ? quoteName(name) : `${quoteName(own.name)} AS ${quoteName(name)}`;
  const texts = type === 'VARCHAR' ? written.find(({ column }) => column === name) : undefined;
  if (texts !== undefined) return `${writtenSql(texts)} AS ${quoteName(name)}`;
  // Types without a cast from one to the other belong to columns that are all null.
  const isPlain = commonType(own.type, type) !== undefined || type === 'VARCHAR' || isNested(type);
  const value = isPlain ? quoteName(own.name) : `CAST(${quoteName(own.name)} AS VARCHAR)`;
  return `CAST(${value} AS ${type}) AS ${quoteName(name)}`;
}

function hiddenList(present: readonly Column[]): string {
  const hidden = present.filter(({ name }) => name.startsWith(HIDDEN_PREFIX));
  return hidden.map(({ name }) => `, ${quoteName(name)}`).join('');
}

/** SQL, over a staged copy, of the text that stood in the file. */
function writtenSql({ column, text }: WrittenColumn): string {
  if (typeof text === 'string') return quoteName(text);
  return `coalesce(${ODD_COLUMN}[${text}], CAST(${quoteName(column)} AS VARCHAR))`;
}

function rangeSql(group: readonly Segment[]): string {
  const [only] = group;
  if (group.length !== 1 || only === undefined || isWhole(only)) return '';
  return ` WHERE file_row_number >= ${only.rowStart} AND file_row_number < ${only.rowEnd}`;
}
