import type { BadCells, WrittenColumn } from '../../core/table.ts';
import { quoteFile, quoteName } from '../../core/text/sql.ts';
import type { Database } from '../duckdb/database.ts';
import type { CsvOptions } from '../formats/input-options.ts';
import { LONG_INTEGER_TYPE } from '../formats/parquet-type.ts';
import { CELL_TYPES, type CellType, hasFormat, WIDER } from './cell-types.ts';
import { chooseType } from './choose-type.ts';
import { type CountedCells, countCells } from './count-cells.ts';
import { wantedOf } from './guess-columns.ts';
import {
  type ColumnNeeds,
  isTyped,
  type StagedColumn,
  type TypedColumn,
  typedColumns,
} from './staged-columns.ts';
import { ODD_COLUMN } from './staging-select.ts';

/** Cells of a typed column that do not print as they are written. */
export interface OddCells {
  readonly column: TypedColumn;
  /** From 1, in the lists of odd texts. */
  readonly place: number;
  /** Cells that do not have the type. */
  readonly bad: number;
  /** Others. */
  readonly inexact: number;
  /** The first cell that does not have the type: its row, from 0, and its text. */
  readonly first: { readonly row: number; readonly text: string } | null;
}

/** The texts that the check of a staged copy has kept, by column. Reads nothing of a clean one. */
export async function oddCells(
  database: Database,
  staged: string,
  columns: readonly StagedColumn[],
): Promise<readonly OddCells[]> {
  const typed = typedColumns(columns);
  if (typed.length === 0) return [];
  const rows = `read_parquet(${quoteFile(staged)}, file_row_number = true)`;
  const [any] = await database.rows(`SELECT count(${ODD_COLUMN}) AS n FROM ${rows}`);
  if (Number(any?.n) === 0) return [];
  const sums = typed.map((column, index) => {
    const text = `${ODD_COLUMN}[${index + 1}]`;
    const isBad = `${text} IS NOT NULL AND ${quoteName(column.name)} IS NULL`;
    return `count(*) FILTER (${isBad}) AS bad${index}, count(${text}) AS odd${index},
      min(file_row_number) FILTER (${isBad}) AS row${index}, arg_min(${text}, file_row_number) FILTER (${isBad}) AS text${index}`;
  });
  const [found] = await database.rows(
    `SELECT ${sums.join(', ')} FROM ${rows} WHERE ${ODD_COLUMN} IS NOT NULL`,
  );
  return typed
    .map((column, index) => {
      const bad = Number(found?.[`bad${index}`]);
      const first = { row: Number(found?.[`row${index}`]), text: String(found?.[`text${index}`]) };
      const inexact = Number(found?.[`odd${index}`]) - bad;
      return { column, place: index + 1, bad, inexact, first: bad === 0 ? null : first };
    })
    .filter(({ bad, inexact }) => bad + inexact > 0);
}

/**
 * What the types of columns are by all cells: those of the columns that were guessed wrong, by name. A
 * column that has another type has to be read again.
 */
export async function countsOfAll(
  database: Database,
  staged: string,
  columns: readonly StagedColumn[],
  odd: readonly OddCells[],
  { options, needs }: { readonly options: CsvOptions; readonly needs: ColumnNeeds },
): Promise<ReadonlyMap<string, CountedCells>> {
  const all = new Map<string, CountedCells>();
  const rows = `read_parquet(${quoteFile(staged)})`;
  for (const { column, place, bad } of odd) {
    if (bad === 0 || column.isGiven) continue;
    const counts = await countBad(database, rows, column, place, options);
    if (chooseType(counts, wantedOf(column.name, needs)) !== column.type) all.set(column.name, counts);
  }
  for (const column of columns.filter((each) => !isTyped(each) && each.isOpen)) {
    const [counts] = await countCells(database, rows, [column.name], options);
    if (counts !== undefined && chooseType(counts, wantedOf(column.name, needs)) !== 'VARCHAR')
      all.set(column.name, counts);
  }
  return all;
}

/** The cells that have the type, known by it, and the others, known by their texts. */
async function countBad(
  database: Database,
  rows: string,
  column: TypedColumn,
  place: number,
  options: CsvOptions,
): Promise<CountedCells> {
  const name = quoteName(column.name);
  const badTexts = `(SELECT ${ODD_COLUMN}[${place}] AS cell FROM ${rows} WHERE ${ODD_COLUMN} IS NOT NULL AND ${name} IS NULL)`;
  const [bad] = await countCells(database, badTexts, ['cell'], options);
  const [good] = await database.rows(
    `SELECT count(${name}) AS n, ${fitsDouble(column)} AS doubles, min(length(CAST(${name} AS VARCHAR))) AS shortest, max(length(CAST(${name} AS VARCHAR))) AS longest FROM ${rows}`,
  );
  if (bad === undefined) throw new TypeError('A column has counts');
  const cells = Number(good?.n);
  const holds = (type: CellType): number => {
    if (type === column.type || WIDER[column.type as CellType]?.includes(type)) return cells;
    return type === 'DOUBLE' ? Number(good?.doubles) : 0;
  };
  const valid = Object.fromEntries(CELL_TYPES.map((type) => [type, bad.valid[type] + holds(type)]));
  const exact = Object.fromEntries(
    CELL_TYPES.map((type) => [type, bad.exact[type] + (type === 'DOUBLE' ? 0 : holds(type))]),
  );
  return {
    cells: cells + bad.cells,
    valid: valid as Record<CellType, number>,
    exact: exact as Record<CellType, number>,
    badTexts: bad.badTexts,
    zeroLed: bad.zeroLed,
    sameLength: bad.sameLength && good?.shortest === good?.longest,
  };
}

/** Integers up to 2^53, which a DOUBLE holds exactly. */
function fitsDouble({ name, type }: TypedColumn): string {
  const isInteger = type === 'BIGINT' || type === LONG_INTEGER_TYPE;
  return isInteger
    ? `count(*) FILTER (${quoteName(name)} BETWEEN -9007199254740992 AND 9007199254740992)`
    : '0';
}

/** Columns whose texts the copy has, for keys, kept columns and messages. */
export function writtenColumns(
  columns: readonly StagedColumn[],
  odd: readonly OddCells[],
  options: CsvOptions,
): readonly WrittenColumn[] {
  return typedColumns(columns).flatMap((column) => {
    const { name, type, textColumn } = column;
    const found = odd.find((each) => each.column === column);
    if (textColumn === null && found === undefined) return [];
    const isKept = textColumn !== null || !(column.isGiven || hasFormat(type, options) || isLoose(column));
    return [{ column: name, type, text: textColumn ?? found?.place ?? 0, isKept }];
  });
}

/** Checked without regard to how its values print, since nobody keeps it. */
function isLoose({ check, textColumn }: TypedColumn): boolean {
  return check === 'plain' && textColumn === null;
}

/** Columns of keys are text, where one value does not print as it is written. */
export function isTextKey(column: StagedColumn, written: readonly WrittenColumn[]): boolean {
  return column.isKey && written.some((each) => each.column === column.name && each.isKept);
}

/** Counts of the cells that do not have the type of their column, with the first of each. */
export async function badCellsOf(
  odd: readonly OddCells[],
  written: readonly WrittenColumn[],
  placeOf: (row: number) => Promise<{ readonly file: string; readonly line: number | null }>,
): Promise<readonly BadCells[]> {
  const found: BadCells[] = [];
  for (const { column, bad, first } of odd) {
    if (first === null || isTextKey(column, written)) continue;
    const { file, line } = await placeOf(first.row);
    found.push({ column: column.name, type: column.type, count: bad, file, line, value: first.text });
  }
  return found;
}
