import { quoteName, quoteText } from '../../core/text/sql.ts';
import type { CsvOptions } from '../formats/input-options.ts';
import { HIDDEN_PREFIX } from '../formats/staged-copy.ts';
import {
  type CellType,
  givenCast,
  hasFormat,
  isFloat,
  isPlainDouble,
  looseCast,
  numberText,
  strictCast,
} from './cell-types.ts';
import { type CsvDialect, readTextsSql } from './csv-dialect.ts';
import { isTyped, type StagedColumn, type TypedColumn, typedColumns } from './staged-columns.ts';

/** Of rows that need a second look: the texts of the typed columns that their values do not print, by column. */
export const ODD_COLUMN = `${HIDDEN_PREFIX}odd`;
/** The file that a row comes from, where there are several. */
export const FILE_COLUMN = `${HIDDEN_PREFIX}file`;

/** Files that are written alike, and follow each other. */
export interface CsvGroup {
  readonly dialect: CsvDialect;
  readonly paths: readonly string[];
}

/**
 * The SELECT that types the rows of a group. Columns that were proved come typed from the reader. Of the others
 * DuckDB casts all cells, and a quick check says which rows are plainly right; only the rest are cast with care.
 */
export function stagingSelect(
  group: CsvGroup,
  columns: readonly StagedColumn[],
  options: CsvOptions,
  withFile: boolean,
): string {
  const typed = typedColumns(columns);
  const present = columns.filter((column) => placeOf(group.dialect, column) !== -1);
  const isPresent = (column: StagedColumn): boolean => present.includes(column);
  const types = provedTypes(group.dialect, columns);
  const cells = present.map(
    (column) => `${cellOf(group.dialect, column, options, types.size > 0)} AS ${text(columns, column)}`,
  );
  const values = typed
    .filter(isPresent)
    .map((column) => `${quickValue(column, text(columns, column), options)} AS ${value(columns, column)}`);
  const checks = typed.filter(isPresent).map((column) => checkOf(columns, column, options));
  const results = present.map(
    (column) => `${resultOf(columns, column, options)} AS ${quoteName(column.name)}`,
  );
  const texts = present.flatMap((column) =>
    column.textColumn === null
      ? []
      : [`NULLIF(${text(columns, column)}, '') AS ${quoteName(column.textColumn)}`],
  );
  const odd = typed.map((column) => (isPresent(column) ? oddText(columns, column, options) : 'NULL'));
  const file = withFile ? ['filename'] : [];
  const hidden = [
    ...(typed.length === 0
      ? []
      : [
          `CASE WHEN plainly_right THEN CAST(NULL AS VARCHAR[]) ELSE [${odd.join(', ')}] END AS ${ODD_COLUMN}`,
        ]),
    ...(withFile ? [`filename AS ${FILE_COLUMN}`] : []),
  ];
  return `
    SELECT ${[...results, ...texts, ...hidden].join(', ')}
    FROM (SELECT *, ${['true', ...checks].join(' AND ')} AS plainly_right
      FROM (SELECT *, ${[...values, '1 AS one'].join(', ')}
        FROM (SELECT ${[...cells, ...file].join(', ')} FROM ${readTextsSql(group.paths, group.dialect, { withFile, types, decimalSeparator: options.decimalSeparator })})))`;
}

/** By field, the types that the reader gives to columns whose cells were proved. */
function provedTypes(dialect: CsvDialect, columns: readonly StagedColumn[]): ReadonlyMap<number, string> {
  const proved = columns.filter(({ check }) => check === 'proved');
  return new Map(
    proved
      .map((column) => [placeOf(dialect, column), column.type] as const)
      .filter(([place]) => place !== -1),
  );
}

/** Beside proved columns the reader has null for empty cells, which are empty texts to a check. */
function cellOf(dialect: CsvDialect, column: StagedColumn, options: CsvOptions, areNull: boolean): string {
  const cell = textOf(dialect, column, options);
  return areNull && isTyped(column) ? `coalesce(${cell}, '')` : cell;
}

/** The field of a record that a column is; -1: the file does not have it. */
export function placeOf({ names }: CsvDialect, { name }: Pick<StagedColumn, 'name'>): number {
  return names.findIndex((each) => each.toLowerCase() === name.toLowerCase());
}

/** SQL of a cell's text. The empty text is null to typed columns, and so are those that the job says. */
export function textOf(
  dialect: CsvDialect,
  column: Pick<StagedColumn, 'name'>,
  { nullText }: Pick<CsvOptions, 'nullText'>,
): string {
  const cell = quoteName(`c${placeOf(dialect, column)}`);
  const others = (nullText ?? []).filter((each) => each !== '');
  if (others.length === 0) return cell;
  const none = isEmptyNull(nullText) ? "''" : 'NULL';
  return `CASE WHEN ${cell} IN (${others.map(quoteText).join(', ')}) THEN ${none} ELSE ${cell} END`;
}

export function isOnlyEmptyNull({ nullText }: Pick<CsvOptions, 'nullText'>): boolean {
  return isEmptyNull(nullText) && (nullText ?? []).every((each) => each === '');
}

/** Where the job says which texts are null, and the empty one is not among them, it is a text. */
function isEmptyNull(nullText: CsvOptions['nullText']): boolean {
  return nullText === undefined || nullText.includes('');
}

const text = (columns: readonly StagedColumn[], column: StagedColumn): string =>
  `t${columns.indexOf(column)}`;
const value = (columns: readonly StagedColumn[], column: StagedColumn): string =>
  `v${columns.indexOf(column)}`;

/** DuckDB's cast where a quick check finds what it takes too much; otherwise the careful one at once. */
function quickValue(column: TypedColumn, cell: string, options: CsvOptions): string {
  return isQuick(column) ? looseCast(column.type, cell, options) : carefulValue(column, cell, options);
}

function isQuick({ check, type }: TypedColumn): boolean {
  return check === 'exact' || isFloat(type);
}

function carefulValue({ isGiven, type }: TypedColumn, cell: string, options: CsvOptions): string {
  return isGiven ? givenCast(type, cell, options) : strictCast(type as CellType, cell, options);
}

function checkOf(columns: readonly StagedColumn[], column: TypedColumn, options: CsvOptions): string {
  const [cell, cast] = [text(columns, column), value(columns, column)];
  if (column.check === 'exact')
    return `${printedText(column, cell, options)} = coalesce(CAST(${cast} AS VARCHAR), '')`;
  const isRight = isFloat(column.type)
    ? isPlainDouble(cast, printedText(column, cell, options))
    : `${cast} IS NOT NULL`;
  return `(${isRight} OR ${cell} = '')`;
}

/** The text as the value would print it, decimal commas aside. */
function printedText({ type }: TypedColumn, cell: string, options: CsvOptions): string {
  return isFloat(type) ? numberText(cell, options) : cell;
}

function resultOf(columns: readonly StagedColumn[], column: StagedColumn, options: CsvOptions): string {
  const cell = text(columns, column);
  if (column.check === 'proved') return cell;
  if (!isTyped(column)) return isEmptyNull(options.nullText) ? `NULLIF(${cell}, '')` : cell;
  const quick = value(columns, column);
  if (!isQuick(column)) return quick;
  return `CASE WHEN plainly_right THEN ${quick} ELSE ${carefulValue(column, cell, options)} END`;
}

/** Null where the value says it all. */
function oddText(columns: readonly StagedColumn[], column: TypedColumn, options: CsvOptions): string {
  const cell = text(columns, column);
  const careful = carefulValue(column, cell, options);
  if (column.isGiven || hasFormat(column.type, options))
    return `CASE WHEN ${careful} IS NULL AND ${cell} <> '' THEN ${cell} END`;
  return `CASE WHEN ${printedText(column, cell, options)} <> coalesce(CAST(${careful} AS VARCHAR), '') THEN ${cell} END`;
}
