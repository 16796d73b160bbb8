/** A type that holds the values of two others. `someOnly`: not all of them, so that the values have to be looked at. */
export interface CommonType {
  readonly type: string;
  readonly someOnly: boolean;
}

/** Integers of a type: how many bits they have, and how many decimal digits the longest of them has. */
interface IntegerKind {
  readonly bits: number;
  readonly isSigned: boolean;
  readonly digits: number;
}

const INTEGERS: Readonly<Record<string, IntegerKind>> = {
  TINYINT: { bits: 8, isSigned: true, digits: 3 },
  SMALLINT: { bits: 16, isSigned: true, digits: 5 },
  INTEGER: { bits: 32, isSigned: true, digits: 10 },
  BIGINT: { bits: 64, isSigned: true, digits: 19 },
  UTINYINT: { bits: 8, isSigned: false, digits: 3 },
  USMALLINT: { bits: 16, isSigned: false, digits: 5 },
  UINTEGER: { bits: 32, isSigned: false, digits: 10 },
  UBIGINT: { bits: 64, isSigned: false, digits: 20 },
};
const SIGNED_BY_BITS: Readonly<Record<number, string>> = {
  8: 'TINYINT',
  16: 'SMALLINT',
  32: 'INTEGER',
  64: 'BIGINT',
};
/** Both kinds of 64-bit integers. */
const LONGEST_INTEGERS = 'DECIMAL(20,0)';
const MOST_DIGITS = 38;
/** Decimals of so many digits come back from the DOUBLE nearest to them. */
const DIGITS_OF_DOUBLE = 15;

/**
 * The type that plain columns of two types have together; undefined: their values do not mean the same, as
 * numbers and texts. DuckDB's own choice for BIGINT and DOUBLE, say, rounds.
 */
export function commonType(a: string, b: string): CommonType | undefined {
  if (a === b) return { type: a, someOnly: false };
  return numbers(a, b) ?? numbers(b, a) ?? times(a, b) ?? times(b, a);
}

function numbers(a: string, b: string): CommonType | undefined {
  const [integer, other] = [INTEGERS[a], INTEGERS[b]];
  if (integer !== undefined && other !== undefined) return all(commonInteger(a, b, integer, other));
  const decimal = digitsOf(a);
  if (isFloat(b)) {
    if (isFloat(a)) return all('DOUBLE');
    if (integer !== undefined) return integerOrFloat(integer, b);
    return decimal && { type: 'DOUBLE', someOnly: decimal.whole + decimal.scale > DIGITS_OF_DOUBLE };
  }
  const second = digitsOf(b);
  if (decimal === undefined || second === undefined) return undefined;
  const scale = Math.max(decimal.scale, second.scale);
  const width = Math.max(decimal.whole, second.whole) + scale;
  return width > MOST_DIGITS ? undefined : all(`DECIMAL(${width},${scale})`);
}

function all(type: string): CommonType {
  return { type, someOnly: false };
}

function integerOrFloat({ bits }: IntegerKind, float: string): CommonType {
  if (bits <= 16) return all(float);
  return { type: 'DOUBLE', someOnly: bits > 32 };
}

function commonInteger(a: string, b: string, first: IntegerKind, second: IntegerKind): string {
  if (first.isSigned === second.isSigned) return first.bits >= second.bits ? a : b;
  const [signed, unsigned] = first.isSigned ? [first, second] : [second, first];
  return SIGNED_BY_BITS[Math.max(signed.bits, unsigned.bits * 2)] ?? LONGEST_INTEGERS;
}

/** Digits before and behind the point. */
function digitsOf(type: string): { readonly whole: number; readonly scale: number } | undefined {
  const integer = INTEGERS[type];
  if (integer !== undefined) return { whole: integer.digits, scale: 0 };
  const [, width, scale] = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(type) ?? [];
  return width === undefined ? undefined : { whole: Number(width) - Number(scale), scale: Number(scale) };
}

/** Nanoseconds reach from 1677 to 2262 only. */
function times(a: string, b: string): CommonType | undefined {
  if (a === 'DATE' && b === 'TIMESTAMP') return all(b);
  const isCoarser = a === 'DATE' || a === 'TIMESTAMP';
  return isCoarser && b === 'TIMESTAMP_NS' ? { type: b, someOnly: true } : undefined;
}

export function isInteger(type: string): boolean {
  return INTEGERS[type] !== undefined;
}

export function isFloat(type: string): boolean {
  return type === 'FLOAT' || type === 'DOUBLE';
}

export function isNested(type: string): boolean {
  return type.endsWith(']') || /^(?:STRUCT|MAP|UNION)\(/.test(type);
}
