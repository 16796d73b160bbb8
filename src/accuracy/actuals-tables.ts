import type { ActualsSource, ActualsSpec } from '../core/accuracy.ts';
import { isDiskFull, isOutOfMemory, ServeBatchError } from '../core/errors.ts';
import type { Column, NamedTable } from '../core/table.ts';
import { formatNumber } from '../core/text/amounts.ts';
import { suggestion } from '../core/text/nearest.ts';
import { quoteName, quoteText } from '../core/text/sql.ts';
import { assertOnlyJobTables, parseOneSelect } from '../features/job-sql.ts';
import type { Database } from '../source/duckdb/database.ts';
import { syntaxTree } from '../source/duckdb/syntax-tree.ts';
import { findFiles } from '../source/files/find-files.ts';
import { inField } from '../source/files/in-field.ts';
import { duckdbReason } from '../source/read-error.ts';
import { createFeatureTables } from '../source/tables/feature-tables.ts';
import type { ScoreColumns } from './score-columns.ts';

/** By which actuals and predictions belong together. */
export type KeyColumns = Pick<ScoreColumns, 'series' | 'date'>;

/** The files of a job's actuals as they are now, by the name that its SELECT has for them. */
export async function findActuals(source: ActualsSource): Promise<readonly NamedTable[]> {
  const named = source.kind === 'table' ? [['actuals', source.path] as const] : Object.entries(source.tables);
  const fieldOf = fieldsOf(source);
  const tables: NamedTable[] = [];
  for (const [name, path] of named)
    tables.push({ name, paths: [path], sources: await inField(fieldOf(name), () => findFiles([path])) });
  return tables;
}

function fieldsOf({ kind }: ActualsSource): (name: string) => string {
  return kind === 'table' ? () => 'actuals.table' : (name) => `actuals.tables.${name}`;
}

export interface ActualsRequest {
  readonly spec: ActualsSpec;
  /** Of {@link findActuals}. */
  readonly tables: readonly NamedTable[];
  /** As `features.externalAccess`. */
  readonly externalAccess: boolean;
  /** All that the database may read besides: the parts of the runs that are scored. */
  readonly folders: readonly string[];
}

/** A relation with the rows of the actuals as the job gives them. */
const WRITTEN = 'serve_batch_written_actuals';
/**
 * A row a series and date: the key's columns in the types of the parts, named by {@link seriesNames}; `t` and `y`;
 * `step2`, the square of the step from the date before, for scales; `mark`, a hash of the row.
 */
export const ACTUALS = 'serve_batch_actuals';

/** What SQL calls the columns of a series: names of the table's own could be `t` or `y`. */
export function seriesNames(series: readonly Column[]): readonly string[] {
  return series.map((_, index) => `s${index}`);
}

/** Rows of the actuals that count, and those left out since a column of the key, the date or the actual is missing. */
export interface ActualsCounts {
  readonly rows: number;
  readonly unusable: number;
}

/**
 * Makes the relation of the actuals, and confines the database: from then on it reads them and the runs, and
 * nothing else. Throws `JOB_FILE` for a SELECT that is none or reads more, and what reading a table throws.
 */
export async function openActuals(database: Database, request: ActualsRequest): Promise<void> {
  const { spec, tables, externalAccess, folders } = request;
  const files = tables.flatMap(({ sources }) =>
    sources.flatMap(({ path, alsoAt = [] }) => [path, ...alsoAt]),
  );
  if (spec.source.kind === 'table') {
    const named = tables.map((table) => ({ ...table, name: WRITTEN }));
    await createFeatureTables(database, named, { fieldOf: fieldsOf(spec.source) });
    await database.confine({ folders, files });
    return;
  }
  const field = 'actuals.select';
  const tree = parseOneSelect(await syntaxTree(database, spec.source.select), {
    field,
    expected: `Expected one SELECT over ${tables.map(({ name }) => name).join(', ')}`,
  });
  if (!externalAccess)
    assertOnlyJobTables(tree, { field, code: 'JOB_FILE', tables: tables.map(({ name }) => name) });
  await createFeatureTables(database, tables, { fieldOf: fieldsOf(spec.source) });
  if (!externalAccess) await database.confine({ folders, files });
  await create(database, `VIEW ${WRITTEN} AS ${spec.source.select}`, field);
}

async function create(database: Database, what: string, field: string): Promise<void> {
  try {
    await database.run(`CREATE TEMP ${what}`);
  } catch (error) {
    throw new ServeBatchError('JOB_FILE', `${field} cannot be run: ${duckdbReason(error)}.`, {
      cause: error,
    });
  }
}

/**
 * Makes the table {@link ACTUALS} for runs with these columns. Throws `SCHEMA_MISMATCH` for a column that is
 * missing or does not have the type of the parts, and `DUPLICATE_ACTUALS`.
 */
export async function fillActuals(
  database: Database,
  spec: Pick<ActualsSpec, 'column'>,
  columns: KeyColumns,
): Promise<ActualsCounts> {
  const usable = await usableSql(database, spec, columns);
  await runReadable(database, `CREATE OR REPLACE TEMP TABLE ${ACTUALS} AS ${stepsSql(usable, columns)}`);
  const [doubled] = await database.rows(
    `SELECT count(*) AS n, min(${nameSql(columns)}) AS example FROM ${ACTUALS} WHERE is_doubled`,
  );
  if (Number(doubled?.n) > 0) throw duplicates(Number(doubled?.n), String(doubled?.example));
  const [counted] = await database.rows(
    `SELECT (SELECT count(*) FROM ${ACTUALS}) AS rows, (SELECT count(*) FROM ${WRITTEN}) AS written`,
  );
  const rows = Number(counted?.rows);
  return { rows, unusable: Number(counted?.written) - rows };
}

async function runReadable(database: Database, sql: string): Promise<void> {
  try {
    await database.run(sql);
  } catch (error) {
    if (isOutOfMemory(error) || isDiskFull(error)) throw error;
    throw new ServeBatchError(
      'SCHEMA_MISMATCH',
      `actuals: a value does not have the type of the predictions: ${duckdbReason(error)}. Cast it, or leave it out, in actuals.select.`,
      { cause: error },
    );
  }
}

/**
 * Makes {@link ACTUALS} of the rows alone, without steps and marks: that takes a fraction of the time. Rows that are
 * there twice are not found here. Throws as {@link fillActuals} does.
 */
export async function fillPlainActuals(
  database: Database,
  spec: Pick<ActualsSpec, 'column'>,
  columns: KeyColumns,
): Promise<void> {
  await runReadable(
    database,
    `CREATE OR REPLACE TEMP TABLE ${ACTUALS} AS SELECT *, NULL::UBIGINT AS mark, NULL::DOUBLE AS step2 FROM (${await usableSql(database, spec, columns)})`,
  );
}

/** Rows with a key, a date and a finite value, in the types of the parts. */
async function usableSql(
  database: Database,
  { column }: Pick<ActualsSpec, 'column'>,
  { series, date }: KeyColumns,
): Promise<string> {
  const written = (await database.describe(`SELECT * FROM ${WRITTEN}`)).map(({ name }) => name);
  const named = (name: string): string => quoteName(columnOf(name, written));
  const keys = seriesNames(series);
  const list = [
    ...series.map(({ name, type }, index) => `CAST(${named(name)} AS ${type}) AS ${keys[index]}`),
    date === null
      ? 'NULL::TIMESTAMP AS t'
      : `CAST(CAST(${named(date.name)} AS ${date.type}) AS TIMESTAMP) AS t`,
    `CAST(${named(column)} AS DOUBLE) AS y`,
  ];
  const needed = [...keys, ...(date === null ? [] : ['t'])].map((name) => `${name} IS NOT NULL`);
  return `SELECT * FROM (SELECT ${list.join(', ')} FROM ${WRITTEN}) WHERE ${[...needed, 'isfinite(y)'].join(' AND ')}`;
}

/** Usable rows, each with the step from the one before it in its series, once the first that is not zero has come. */
function stepsSql(usable: string, { series, date }: KeyColumns): string {
  const keys = seriesNames(series);
  const isDoubled = date === null ? 'row_number() OVER dates > 1' : 'coalesce(lag(t) OVER dates = t, false)';
  const partition = keys.length === 0 ? '' : `PARTITION BY ${keys.join(', ')} `;
  return `SELECT * EXCLUDE (before, has_begun), hash(${[...keys, 't', 'y'].join(', ')}) AS mark,
      CASE WHEN has_begun THEN (y - before) ** 2 END AS step2
    FROM (
      SELECT *, lag(y) OVER dates AS before, ${isDoubled} AS is_doubled,
        bool_or(y <> 0) OVER (${partition}ORDER BY t ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS has_begun
      FROM (${usable}) WINDOW dates AS (${partition}ORDER BY t))`;
}

function columnOf(name: string, written: readonly string[]): string {
  const found = written.find((each) => each.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  throw new ServeBatchError(
    'SCHEMA_MISMATCH',
    `The actuals have no column "${name}" (they have ${written.join(', ')}).${suggestion(name, written)} Rename it in actuals.select, or name another with actuals.column or actuals.key.`,
    { fields: { column: name } },
  );
}

/** SQL of how a message names a row of the actuals. */
function nameSql({ series, date }: KeyColumns): string {
  const keys = seriesNames(series);
  const texts = series.map(
    ({ name }, index) => `${quoteText(`${name}=`)} || CAST(${keys[index]} AS VARCHAR)`,
  );
  const time =
    date === null ? [] : [`${quoteText(`${date.name}=`)} || CAST(CAST(t AS ${date.type}) AS VARCHAR)`];
  return [...texts, ...time].join(" || ' ' || ");
}

export function duplicates(count: number, example: string): ServeBatchError {
  return new ServeBatchError(
    'DUPLICATE_ACTUALS',
    `${formatNumber(count, 'row')} of the actuals ${count === 1 ? 'has' : 'have'} the key and date of another, for example ${example}: it is open which of them is right, so nothing is scored. Make them one in actuals.select, with sum(...) and GROUP BY for example.`,
    { fields: { rows: count, example } },
  );
}
