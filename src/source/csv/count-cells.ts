import { quoteName } from '../../core/text/sql.ts';
import type { Database } from '../duckdb/database.ts';
import { CELL_TYPES, type CellType, type ReadOptions, strictCast } from './cell-types.ts';
import type { CellCounts } from './choose-type.ts';

/** Counts of a column's cells, and how many of them print as they are written, by type. */
export interface CountedCells extends CellCounts {
  readonly exact: Readonly<Record<CellType, number>>;
}

/** Counts the cells of text columns of a relation; texts that are empty are null. */
export async function countCells(
  database: Database,
  from: string,
  columns: readonly string[],
  options: ReadOptions,
): Promise<readonly CountedCells[]> {
  if (columns.length === 0) return [];
  const rows = await database.rows(countSql(from, columns, options));
  const byPlace = new Map(rows.map((row) => [Number(row.place), row]));
  return columns.map((_, place) => countedCells(byPlace.get(place) ?? {}));
}

function countedCells(row: Readonly<Record<string, unknown>>): CountedCells {
  const perType = (prefix: string): Record<CellType, number> =>
    Object.fromEntries(
      CELL_TYPES.map((type, index) => [type, Number(row[`${prefix}${index}`] ?? 0)]),
    ) as Record<CellType, number>;
  return {
    cells: Number(row.cells ?? 0),
    valid: perType('valid'),
    exact: perType('exact'),
    badTexts: perType('bad'),
    zeroLed: Number(row.zero_led ?? 0),
    sameLength: row.shortest === row.longest,
  };
}

/**
 * Each text of a column once: many columns have few, and each is cast to all types. All columns in one
 * statement, since planning it takes longer than a small file does.
 */
function countSql(from: string, columns: readonly string[], options: ReadOptions): string {
  const casts = CELL_TYPES.map((type, index) => `${strictCast(type, 't', options)} AS v${index}`);
  const sums = CELL_TYPES.flatMap((_, index) => [
    `sum(n) FILTER (v${index} IS NOT NULL) AS valid${index}`,
    `sum(n) FILTER (CAST(v${index} AS VARCHAR) = t) AS exact${index}`,
    `count(*) FILTER (v${index} IS NULL) AS bad${index}`,
  ]);
  const texts = columns.map(
    (column, place) =>
      `SELECT ${place} AS place, ${quoteName(column)} AS t, count(*) AS n FROM ${from} WHERE t <> '' GROUP BY t`,
  );
  return `
    SELECT place, sum(n) AS cells, ${sums.join(', ')}, sum(n) FILTER (regexp_full_match(t, '0\\d+')) AS zero_led,
      min(length(t)) AS shortest, max(length(t)) AS longest
    FROM (SELECT place, t, n, ${casts.join(', ')} FROM (${texts.join(' UNION ALL ')}))
    GROUP BY place`;
}
