import { quoteFiles, quoteName, quoteText } from '../../core/text/sql.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { inputColumns, rejectsSql } from './rejected-input.ts';

/** How much of what was expected has a prediction, by the values of one column. */
export interface DimensionFacts {
  readonly column: string;
  /** Different values that have predictions; an estimate where they are very many. */
  readonly distinct: number;
  /** Whether `values` are all there are, in their order; otherwise those that miss most, the worst first. */
  readonly isWhole: boolean;
  readonly values: readonly DimensionValue[];
}

export interface DimensionValue {
  /** As text; null is a value too. */
  readonly value: string | null;
  readonly present: number;
  readonly missing: number;
}

/** Columns with more values are not counted whole: the memory would grow with them. */
const MOST_VALUES = 200;
const WORST_VALUES = 20;
/** Estimates are off by tens of percent; counting exactly holds every value in memory. */
const EXACT_DISTINCT = 100_000;
const TEXT_CHARACTERS = 80;
/** Of a job whose key has many columns, the first ones are looked at. */
const MOST_DIMENSIONS = 6;

/**
 * Counts predictions and rejects by the values of each column that both the parts and the rejected rows
 * have. Throws DuckDB's errors.
 */
export async function readDimensions(
  database: Database,
  columns: readonly string[],
  files: { readonly parts: readonly string[]; readonly rejects: readonly string[] },
): Promise<readonly DimensionFacts[]> {
  if (files.parts.length === 0) return [];
  const parts = `read_parquet(${quoteFiles(files.parts)})`;
  const inParts = (await database.describe(`SELECT * FROM ${parts}`)).map(({ name }) => name);
  const inRejects = await inputColumns(database, files.rejects);
  const rejects = `(SELECT unnest(input) FROM ${rejectsSql(files.rejects)} WHERE input IS NOT NULL)`;
  const usable = columns
    .filter((name) => inParts.includes(name) && (inRejects.length === 0 || inRejects.includes(name)))
    .slice(0, MOST_DIMENSIONS);
  if (usable.length === 0) return [];
  const distinct = await countDistinct(database, parts, usable);
  const facts: DimensionFacts[] = [];
  for (const [index, column] of usable.entries()) {
    const count = distinct[index] ?? 0;
    const missing = inRejects.length === 0 ? new Map() : await missingOf(database, rejects, column);
    const isWhole = count <= MOST_VALUES && missing.size < MOST_VALUES;
    const values = isWhole
      ? await wholeDimension(database, parts, column, missing)
      : await worstValues(database, parts, column, missing);
    facts.push({ column, distinct: count, isWhole, values });
  }
  return facts;
}

/** Different values of columns: exact where they are not too many to hold in memory, else near. */
async function countDistinct(
  database: Database,
  parts: string,
  columns: readonly string[],
): Promise<readonly number[]> {
  const count = async (sql: (name: string) => string): Promise<readonly number[]> => {
    const items = columns.map((name, index) => `${sql(quoteName(name))} AS d${index}`);
    const [row = {}] = await database.rows(`SELECT ${items.join(', ')} FROM ${parts}`);
    return columns.map((_, index) => Number(row[`d${index}`]));
  };
  const near = await count((name) => `approx_count_distinct(${name})`);
  if (near.some((each) => each > EXACT_DISTINCT)) return near;
  return count((name) => `count(DISTINCT ${name})`);
}

type Missing = ReadonlyMap<string | null, number>;

function textSql(column: string): string {
  return `left(CAST(${quoteName(column)} AS VARCHAR), ${TEXT_CHARACTERS})`;
}

/** Rejects by value, those with most first, at most as many values as are ever shown. */
async function missingOf(database: Database, rejects: string, column: string): Promise<Missing> {
  const rows = await database.rows(
    `SELECT ${textSql(column)} AS v, count(*) AS n FROM ${rejects} GROUP BY 1 ORDER BY n DESC, v LIMIT ${MOST_VALUES}`,
  );
  return new Map(rows.map(({ v, n }) => [v === null ? null : String(v), Number(n)]));
}

/** In the order of the column itself: 9 before 10. Values that have rejects and no prediction come last. */
async function wholeDimension(
  database: Database,
  parts: string,
  column: string,
  missing: Missing,
): Promise<DimensionValue[]> {
  const rows = await database.rows(
    `SELECT ${textSql(column)} AS v, count(*) AS n FROM ${parts} GROUP BY 1 ORDER BY min(${quoteName(column)})`,
  );
  const found = rows.map(({ v, n }) => {
    const value = v === null ? null : String(v);
    return { value, present: Number(n), missing: missing.get(value) ?? 0 };
  });
  const absent = [...missing].filter(([value]) => !found.some((each) => each.value === value));
  return [...found, ...absent.map(([value, count]) => ({ value, present: 0, missing: count }))];
}

async function worstValues(
  database: Database,
  parts: string,
  column: string,
  missing: Missing,
): Promise<DimensionValue[]> {
  const worst = [...missing].slice(0, WORST_VALUES);
  const texts = worst.flatMap(([value]) => (value === null ? [] : [quoteText(value)]));
  const rows =
    texts.length === 0
      ? []
      : await database.rows(
          `SELECT ${textSql(column)} AS v, count(*) AS n FROM ${parts} WHERE ${textSql(column)} IN (${texts.join(', ')}) GROUP BY 1`,
        );
  const present = new Map(rows.map(({ v, n }) => [String(v), Number(n)]));
  return worst.map(([value, count]) => ({
    value,
    present: value === null ? 0 : (present.get(value) ?? 0),
    missing: count,
  }));
}
