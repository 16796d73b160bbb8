import { quoteText } from '../../core/text/sql.ts';
import type { CsvOptions } from '../formats/input-options.ts';
import { LONG_INTEGER_TYPE } from '../formats/parquet-type.ts';

/**
 * The types that a column of a CSV may be found to have, the first that fits all its cells first. Those
 * with a format that the job gives come before numbers: `20261121` is a date where the format says so.
 */
export const CELL_TYPES = [
  'BOOLEAN',
  'TIME',
  'DATE',
  'TIMESTAMP',
  'TIMESTAMP WITH TIME ZONE',
  'BIGINT',
  'DECIMAL(38,0)',
  'DOUBLE',
] as const;
export type CellType = (typeof CELL_TYPES)[number];
export const NUMBER_TYPES: readonly string[] = ['BIGINT', LONG_INTEGER_TYPE, 'DOUBLE'];

/** Types that hold each value of a type exactly. Integers beyond 2^53 are no DOUBLE: see `strict`. */
export const WIDER: Readonly<Partial<Record<CellType, readonly CellType[]>>> = {
  DATE: ['TIMESTAMP'],
  BIGINT: [LONG_INTEGER_TYPE],
};

export type ReadOptions = Pick<CsvOptions, 'dateFormat' | 'timestampFormat' | 'decimalSeparator'>;

const YEAR_FIRST = String.raw`(\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2})`;
const CLOCK = String.raw`\d{1,2}:\d{2}(:\d{2}(\.\d{1,6}0*)?)?`;
const INSTANT = String.raw`${YEAR_FIRST}[ T]${CLOCK} ?(Z|[+-]\d{2}(:?\d{2})?)`;
const INTEGER = String.raw`[+-]?(0|[1-9]\d*)`;
const NUMBER = String.raw`[+-]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?`;
const ANY_NUMBER = String.raw`[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?`;
const NOT_FINITE = '(?i)[+-]?(inf|infinity|nan)';
const LONG_INTEGER = String.raw`[+-]?\d{16,}`;

/**
 * SQL of the value that a text has as a type; null for texts that do not plainly mean one. DuckDB's own
 * casts take more: `1_000` and `0x10` for integers, `12-05-21` for a day of the year 12, `1.5` for the integer 2.
 */
export function strictCast(type: CellType, text: string, options: ReadOptions): string {
  const plain = `trim(${text}, ' ')`;
  const cast = looseCast(type, plain, options);
  switch (type) {
    case 'BOOLEAN':
      return `CASE WHEN lower(${plain}) IN ('true', 'false', 't', 'f', 'yes', 'no') THEN ${cast} END`;
    case 'TIME':
      return matching(plain, CLOCK, cast);
    case 'DATE':
      return options.dateFormat === undefined ? matching(plain, YEAR_FIRST, cast) : cast;
    case 'TIMESTAMP':
      return options.timestampFormat === undefined
        ? matching(plain, `${YEAR_FIRST}([ T]${CLOCK})?`, cast)
        : cast;
    case 'TIMESTAMP WITH TIME ZONE':
      return matching(plain, INSTANT, cast);
    case 'BIGINT':
    case LONG_INTEGER_TYPE:
      // -0 is a number of its own to a model.
      return matching(numberText(plain, options), INTEGER, `CASE WHEN ${plain} <> '-0' THEN ${cast} END`);
    case 'DOUBLE':
      return strictDouble(numberText(plain, options), cast);
  }
}

function strictDouble(text: string, cast: string): string {
  // An integer that a DOUBLE would round.
  const isExact = `NOT regexp_full_match(${text}, ${quoteText(LONG_INTEGER)}) OR TRY_CAST(${cast} AS HUGEINT) = TRY_CAST(${text} AS HUGEINT)`;
  return `CASE WHEN isfinite(${cast}) THEN ${matching(text, NUMBER, `CASE WHEN ${isExact} THEN ${cast} END`)} ELSE ${matching(text, NOT_FINITE, cast)} END`;
}

function matching(text: string, pattern: string, value: string): string {
  return `CASE WHEN regexp_full_match(${text}, ${quoteText(pattern)}) THEN ${value} END`;
}

/**
 * As {@link strictCast} for a type that the job gives, which may be any of DuckDB's: zeros may lead, and
 * 0 and 1 are booleans. Nothing is rounded or cut here either.
 */
export function givenCast(type: string, text: string, options: ReadOptions): string {
  const plain = `trim(${text}, ' ')`;
  const cast = looseCast(type, plain, options);
  const number = numberText(plain, options);
  if (isInteger(type)) return matching(number, String.raw`[+-]?\d+`, cast);
  if (isFloat(type))
    return `CASE WHEN isfinite(${cast}) THEN ${matching(number, ANY_NUMBER, cast)} ELSE ${matching(number, NOT_FINITE, cast)} END`;
  if (isNumber(type))
    return matching(number, ANY_NUMBER, `CASE WHEN ${cast} = TRY_CAST(${number} AS DOUBLE) THEN ${cast} END`);
  const isFoundToo = type !== 'BOOLEAN' && (CELL_TYPES as readonly string[]).includes(type);
  return isFoundToo ? strictCast(type as CellType, text, options) : cast;
}

/** Whether a value of the type prints as it was written, where it was written plainly. */
export function printsAsWritten(type: string, options: ReadOptions): boolean {
  return (isInteger(type) || type === 'DATE' || type === 'TIMESTAMP') && !hasFormat(type, options);
}

/** SQL of DuckDB's own cast, by the formats that the job gives. Null where it fails. */
export function looseCast(type: string, text: string, options: ReadOptions): string {
  const { dateFormat, timestampFormat } = options;
  if (type === 'DATE' && dateFormat !== undefined)
    return `CAST(try_strptime(${text}, ${quoteText(dateFormat)}) AS DATE)`;
  if (type === 'TIMESTAMP' && timestampFormat !== undefined)
    return `try_strptime(${text}, ${quoteText(timestampFormat)})`;
  const plain = isNumber(type) ? numberText(text, options) : text;
  // DuckDB takes a hundred times as long to read a wide decimal as to read the integer.
  if (type === LONG_INTEGER_TYPE) return `TRY_CAST(TRY_CAST(${plain} AS HUGEINT) AS ${type})`;
  return `TRY_CAST(${plain} AS ${type})`;
}

/** Whether a value came by a format that the job gives: its text is then nothing to keep. */
export function hasFormat(type: string, options: ReadOptions): boolean {
  if (type === 'DATE') return options.dateFormat !== undefined;
  return type === 'TIMESTAMP' && options.timestampFormat !== undefined;
}

/** With decimal commas, `1,5` becomes `1.5`, and `1.5`, which has another meaning there, `1,5`: no number. */
export function numberText(text: string, { decimalSeparator }: ReadOptions): string {
  return decimalSeparator === ',' ? `translate(${text}, ',.', '.,')` : text;
}

function isInteger(type: string): boolean {
  return /^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/.test(type);
}

export function isFloat(type: string): boolean {
  return type === 'FLOAT' || type === 'DOUBLE';
}

function isNumber(type: string): boolean {
  return isInteger(type) || isFloat(type) || type.startsWith('DECIMAL');
}

/**
 * SQL that is true where a text is the plain number that its DOUBLE says, without looking closely: quick
 * rather than complete, since what it leaves is looked at again by {@link strictCast}. In the order of
 * bytes, what DuckDB reads but is no plain number begins with a blank or `+`, or with 0 and another digit.
 */
export function isPlainDouble(value: string, text: string): string {
  const first = `(${text} >= '0:' OR (${text} >= '-' AND ${text} < '00' AND NOT (${text} >= '-00' AND ${text} < '-0:')))`;
  return `(abs(${value}) < 9007199254740992 AND ${first} AND NOT contains(${text}, '_'))`;
}
