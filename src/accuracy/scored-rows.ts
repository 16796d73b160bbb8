import type { Column } from '../core/table.ts';
import { quoteFiles, quoteName, quoteText } from '../core/text/sql.ts';
import type { Database } from '../source/duckdb/database.ts';
import { ACTUALS, seriesNames } from './actuals-tables.ts';
import type { ScoreColumns } from './score-columns.ts';

/** A run as it is compared with the actuals. */
export interface RunToScore {
  readonly parts: readonly string[];
  /** Whether several rows of the parts may have one key: then the last one counts, as it does for readers. */
  readonly mayRepeat: boolean;
  readonly columns: ScoreColumns;
  /** When the run was made, in the time zone of the job, without one: `2026-11-21T00:00:00`. */
  readonly origin: string;
  readonly delayDays: number;
  /** Only so many of the predictions, the same ones each time, without naive forecast and scale. Left out: all, with both. */
  readonly sample?: number;
}

/**
 * One row a prediction: its horizon `h` (whole days, 1 for the day of the run), the prediction `p`, its actual `y`
 * and the naive forecast `naive`, null where there is none; `scale`, the mean square of a step of its series before
 * the run; `place`, of a sample, the number of the prediction; `q0`, `low0` and so on, the quantiles and the bounds of intervals; the columns of segments as text.
 */
export const SCORED = 'serve_batch_scored';

/** How far back the naive forecast looks for the same weekday. */
const NAIVE_DAYS = 28;
const WEEK_SECONDS = 604_800;

/**
 * Makes the table {@link SCORED} of a run. Of the actuals before the run all are used, for the naive forecast and
 * the scales; of later ones those of the predicted dates alone. What was predicted for a time before the run has
 * neither: it is no forecast.
 */
export async function fillScored(database: Database, run: RunToScore): Promise<void> {
  const { columns, origin } = run;
  const { series, date } = columns;
  const keys = seriesNames(series);
  const on = (other: string, more: readonly string[]): string =>
    [...keys.map((key) => `made.${key} = ${other}.${key}`), ...more].join(' AND ') || 'true';
  const list = [
    ...columns.by.map((_, index) => `made.by${index}`),
    'made.t',
    `${date === null ? 'NULL' : horizonSql('made.t', originOf(date, origin))}::INTEGER AS h`,
    'made.p',
    'came.y',
    'came.mark',
    ...(run.sample === undefined ? [] : ['made.place']),
    ...(date === null || run.sample !== undefined
      ? ['NULL::DOUBLE AS naive', 'NULL::DOUBLE AS scale']
      : [ifAhead(run, 'known.naive'), ifAhead(run, 'scales.scale')]),
    ...columns.quantiles.map((_, index) => `made.q${index}`),
    ...columns.intervals.flatMap((_, index) => [`made.low${index}`, `made.high${index}`]),
  ];
  const came = await actualsOf(database, run);
  const joins = [`LEFT JOIN ${came} AS came ON ${on('came', date === null ? [] : ['made.t = came.t'])}`];
  if (date !== null && run.sample === undefined) {
    const earlier = `SELECT * FROM ${ACTUALS} WHERE t < ${knownUntil(run)}`;
    const week = (time: string): string => `CAST(epoch(${time}) AS BIGINT) % ${WEEK_SECONDS}`;
    const group = keys.length === 0 ? '' : `GROUP BY ${keys.join(', ')}`;
    joins.push(
      `LEFT JOIN (SELECT ${[...keys, `${week('t')} AS week`].join(', ')}, arg_max(y, t) AS naive FROM (${earlier})
         WHERE t >= ${knownUntil(run)} - INTERVAL ${NAIVE_DAYS} DAY GROUP BY ALL) AS known ON ${on('known', [`${week('made.t')} = known.week`])}`,
      `LEFT JOIN (SELECT ${[...keys, 'avg(step2) AS scale'].join(', ')} FROM (${earlier}) ${group}) AS scales ON ${on('scales', [])}`,
    );
  }
  await database.run(
    `CREATE OR REPLACE TEMP TABLE ${SCORED} AS SELECT ${list.join(', ')} FROM (${await someOf(database, run)}) AS made ${joins.join(' ')}`,
  );
}

/** The actuals of the dates that the run predicts: few of all, which is what the join holds in memory. */
async function actualsOf(database: Database, { parts, columns: { date } }: RunToScore): Promise<string> {
  if (date === null) return ACTUALS;
  const time = `CAST(${quoteName(date.name)} AS TIMESTAMP)`;
  const [range] = await database.rows(
    `SELECT min(${time})::VARCHAR AS oldest, max(${time})::VARCHAR AS newest FROM read_parquet(${quoteFiles(parts)})`,
  );
  if (typeof range?.oldest !== 'string' || typeof range.newest !== 'string') return ACTUALS;
  return `(SELECT * FROM ${ACTUALS} WHERE t BETWEEN TIMESTAMP ${quoteText(range.oldest)} AND TIMESTAMP ${quoteText(range.newest)})`;
}

/**
 * What is predicted for a time before the run would be compared with itself. Not a condition of the join: one side
 * alone in it makes DuckDB compare each row with each.
 */
function ifAhead(run: RunToScore, column: string): string {
  return `CASE WHEN made.t >= ${knownUntil(run)} THEN ${column} END AS ${column.split('.')[1]}`;
}

/** Those of a sample are chosen by a hash of their key. */
async function someOf(database: Database, run: RunToScore): Promise<string> {
  if (run.sample === undefined) return madeSql(run);
  const [counted] = await database.rows(`SELECT count(*) AS n FROM read_parquet(${quoteFiles(run.parts)})`);
  const rows = Number(counted?.n);
  const numbered = `SELECT *, row_number() OVER () AS place FROM (${madeSql(run)})`;
  if (rows <= run.sample) return numbered;
  const keys = [...seriesNames(run.columns.series), 't'].join(', ');
  return `SELECT * FROM (${numbered}) WHERE hash(${keys}) % ${rows} < ${run.sample}`;
}

/** The rows of the parts, with names of our own: whatever the columns of the table are called. */
function madeSql({ parts, mayRepeat, columns }: RunToScore): string {
  const { series, date, by, prediction, quantiles, intervals } = columns;
  const names = seriesNames(series);
  const number = (column: string): string => `CAST(${quoteName(column)} AS DOUBLE)`;
  const list = [
    ...series.map(({ name }, index) => `${quoteName(name)} AS ${names[index]}`),
    `${date === null ? 'NULL::TIMESTAMP' : `CAST(${quoteName(date.name)} AS TIMESTAMP)`} AS t`,
    ...by.map((name, index) => `${segmentText(quoteName(name))} AS by${index}`),
    `${number(prediction)} AS p`,
    ...quantiles.map(({ column }, index) => `${number(column)} AS q${index}`),
    ...intervals.flatMap(({ lower, upper }, index) => [
      `${number(lower)} AS low${index}`,
      `${number(upper)} AS high${index}`,
    ]),
  ];
  const read = (more: string, options: string): string =>
    `SELECT ${list.join(', ')}${more} FROM read_parquet(${quoteFiles(parts)}, hive_partitioning = false${options})`;
  if (!mayRepeat) return read('', '');
  return `SELECT * FROM (${read(', filename, file_row_number', ', filename = true, file_row_number = true')})
    QUALIFY row_number() OVER (PARTITION BY ${[...names, 't'].join(', ')} ORDER BY length(filename) DESC, filename DESC, file_row_number DESC) = 1`;
}

/** What lies before it was known when the run was made. */
export function knownUntil({ columns, origin, delayDays }: Omit<RunToScore, 'parts' | 'mayRepeat'>): string {
  return `(TIMESTAMP ${quoteText(originOf(columns.date, origin))} - INTERVAL ${delayDays} DAY)`;
}

/** When a run was made, as its predicted times are told: dates are compared with its day. */
export function originOf(date: Column | null, origin: string): string {
  return date?.type === 'DATE' ? origin.slice(0, 10) : origin;
}

/**
 * Whole days from the run to a time, from 1: what is predicted for the day of the run has the horizon 1.
 * @param origin of {@link originOf}
 */
export function horizonSql(time: string, origin: string): string {
  return `CAST(floor((epoch(${time}) - epoch(TIMESTAMP ${quoteText(origin)})) / 86400) AS INTEGER) + 1`;
}

/** SQL of a value as the text of a segment: a null is one, too. */
export function segmentText(value: string): string {
  return `coalesce(CAST(${value} AS VARCHAR), 'null')`;
}
