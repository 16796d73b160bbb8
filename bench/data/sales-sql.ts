/** Products of a store, and days of a product: the rows are ordered by store, product and date. */
export const PRODUCTS = 1_000;
export const DAYS = 7;
export const FIRST_DAY = '2026-11-21';

/** Part of the names of the files: change it whenever the rows below change. */
export const DATA_VERSION = 'v2';

export const REGIONS = ['centre', 'east', 'north', 'south', 'west'] as const;
export const CATEGORIES = [
  'bakery',
  'beauty',
  'dairy',
  'drinks',
  'frozen',
  'household',
  'meat',
  'pet',
  'produce',
  'snacks',
] as const;

/**
 * Evenly spread over 0 to 1 (exclusive). The same `seed` and columns give the same numbers, on every
 * machine. Hashed twice: hashes of several values differ between two seeds by a pattern, and numbers
 * that are to be independent would not be.
 */
function uniform(seed: string, ...columns: string[]): string {
  return `((hash(hash(${[`'${seed}'`, ...columns].join(', ')})) >> 11) / 9007199254740992.0)`;
}

/** Normally distributed, mean 0 and deviation 1 (Box and Muller). */
function normal(seed: string, ...columns: string[]): string {
  const first = `(1 - ${uniform(`${seed} a`, ...columns)})`;
  return `(sqrt(-2 * ln(${first})) * cos(2 * pi() * ${uniform(`${seed} b`, ...columns)}))`;
}

function pick(values: readonly string[], seed: string, ...columns: string[]): string {
  const list = values.map((value) => `'${value}'`).join(', ');
  return `([${list}])[1 + CAST(floor(${values.length} * ${uniform(seed, ...columns)}) AS INTEGER)]`;
}

/**
 * A week of sales of each product in each store: the columns and types of fixtures/sales.parquet. What
 * sold before is log-normal by product and store, and varies from day to day as sales do (variance =
 * mean + 0.35 x mean squared: slow sellers are noisy); it has nearly as many different values as rows.
 * Prices have cents, and one day of a product in ten has a promotion.
 */
export function salesSql(rows: number): string {
  return `
    SELECT store, product, date,
      CAST(round(2.2 * exp(0.55 * ${normal('price', 'product')}) * (0.94 + 0.02 * floor(7 * ${uniform('zone', 'store', 'product')})), 2) AS FLOAT) AS price,
      CAST(CASE WHEN ${uniform('promotion', 'store', 'product', 'date')} < 0.1
        THEN ([0.1, 0.2, 0.2, 0.3, 0.5])[1 + CAST(floor(5 * ${uniform('discount', 'store', 'product', 'date')}) AS INTEGER)]
        ELSE 0 END AS FLOAT) AS discount,
      CAST(isodow(date) - 1 AS TINYINT) AS day_of_week,
      CAST(month(date) AS TINYINT) AS month,
      CAST(800 + floor(4200 * ${uniform('size', 'store')}) AS SMALLINT) AS size_sqm,
      CAST(demand * weekday * exp(noise * ${normal('lag 7', 'store', 'product', 'date')}) AS FLOAT) AS lag_7,
      CAST(demand * weekday * exp(noise * ${normal('lag 14', 'store', 'product', 'date')}) AS FLOAT) AS lag_14,
      CAST(demand * exp(noise / sqrt(28) * ${normal('mean 28', 'store', 'product', 'date')}) AS FLOAT) AS mean_28,
      ${pick(REGIONS, 'region', 'store')} AS region,
      ${pick(CATEGORIES, 'category', 'product')} AS category
    FROM (
      SELECT *, sqrt(ln(1.35 + 1 / demand)) AS noise
      FROM (
        SELECT *,
          2.6 * exp(0.75 * ${normal('popularity', 'product')} + 0.4 * ${normal('taste', 'store', 'product')} + 0.25 * ${normal('reach', 'store')}) AS demand,
          ([0.9, 0.85, 0.9, 1.0, 1.2, 1.3, 0.85])[isodow(date)] AS weekday
        FROM (
          SELECT
            CAST(i // ${PRODUCTS * DAYS} + 1 AS SMALLINT) AS store,
            CAST(i // ${DAYS} % ${PRODUCTS} + 1 AS SMALLINT) AS product,
            CAST(DATE '${FIRST_DAY}' + CAST(i % ${DAYS} AS INTEGER) AS DATE) AS date
          FROM range(${rows}) AS made(i)
        )
      )
    )`;
}
