/** Whole numbers up to here are exact as DOUBLE. */
const EXACT_UP_TO = 2n ** 53n;

/** Powers of ten up to this one are exact as DOUBLE. */
const EXACT_POWER = 22;

/** Digits of a whole number that is exact as DOUBLE, whatever they are. */
const EXACT_DIGITS = 15;

/** A DOUBLE that DuckDB makes of a DECIMAL or a HUGEINT is off by less than this share of itself. */
const DOUBLE_ERROR = 2 ** -48;

/**
 * SQL of the FLOAT or DOUBLE that is nearest to a DECIMAL or to an integer of more than 64 bits; null for
 * other types, which DuckDB casts to the nearest one itself. `name` is quoted.
 *
 * DuckDB divides in the type it casts to, or adds up a number of two halves: each step rounds. Text it
 * reads with one rounding, but ten times slower: it is taken only where the quick way might be wrong.
 */
export function exactFloatSql(name: string, columnType: string, target: 'FLOAT' | 'DOUBLE'): string | null {
  const quick = `CAST(${name} AS ${target})`;
  const exact = `CAST(CAST(${name} AS VARCHAR) AS ${target})`;
  const decimal = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(columnType);
  if (decimal === null && !/^U?HUGEINT$/.test(columnType)) return null;
  if (target === 'FLOAT') {
    // Where both ends of the error round to one FLOAT, all between them do.
    const [low, high] = [1 - DOUBLE_ERROR, 1 + DOUBLE_ERROR].map(
      (factor) => `CAST(CAST(${name} AS DOUBLE) * ${factor.toExponential()} AS FLOAT)`,
    );
    return `CASE WHEN ${low} = ${high} THEN CAST(CAST(${name} AS DOUBLE) AS FLOAT) ELSE ${exact} END`;
  }
  if (decimal === null) return `coalesce(CAST(TRY_CAST(${name} AS BIGINT) AS DOUBLE), ${exact})`;
  const [precision, scale] = [Number(decimal[1]), Number(decimal[2])];
  if (precision <= EXACT_DIGITS) return quick;
  if (scale > EXACT_POWER) return exact;
  // One division of two exact numbers.
  return `CASE WHEN abs(${name}) <= CAST('${shifted(EXACT_UP_TO, scale)}' AS ${columnType}) THEN ${quick} ELSE ${exact} END`;
}

/** A whole number with its last `scale` digits behind a point. */
function shifted(whole: bigint, scale: number): string {
  const digits = String(whole).padStart(scale + 1, '0');
  const point = digits.length - scale;
  return scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
}
