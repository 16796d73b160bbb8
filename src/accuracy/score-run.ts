import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ActualsSpec } from '../core/accuracy.ts';
import { commitFile, makeFolder, temporaryName } from '../core/files/durable-file.ts';
import { quoteFile, quoteText } from '../core/text/sql.ts';
import type { Database } from '../source/duckdb/database.ts';
import { type AccuracyRecord, addAccuracyRecord, newestAccuracy, nextNumber } from './accuracy-record.ts';
import { ACTUALS, type ActualsCounts } from './actuals-tables.ts';
import { allFiguresSql, readFigures, WHOLE } from './figures.ts';
import { fillScored, knownUntil, type RunToScore, SCORED } from './scored-rows.ts';

/** A run that may be scored, with the actuals filled in for its columns. */
export interface ScoreRequest extends RunToScore {
  readonly runId: string;
  /** The folder of its records. */
  readonly folder: string;
  readonly spec: ActualsSpec;
  readonly actuals: ActualsCounts;
  /** ISO 8601; null: it was never published. */
  readonly publishedAt: string | null;
  /** The same in the time zone of the job, without one. */
  readonly publishedLocal: string | null;
  readonly now: () => Date;
}

/** `scored`: there is a new record. `unchanged`: the newest one holds. `no actuals`: none of its predictions has one. */
export type ScoreOutcome =
  | { readonly kind: 'scored' | 'unchanged'; readonly record: AccuracyRecord }
  | { readonly kind: 'no actuals' };

/**
 * Scores one run as it was published, by the actuals as they are now. What is written appears whole; where the
 * newest record is of the same actuals, nothing is.
 */
export async function scoreRun(database: Database, request: ScoreRequest): Promise<ScoreOutcome> {
  const { folder } = request;
  // Most runs are scored already: what tells that takes a third of the time.
  await fillScored(database, { ...request, sample: Number.POSITIVE_INFINITY });
  const [counted] = await database.rows(countsSql(request));
  if (Number(counted?.scored) === 0) return { kind: 'no actuals' };
  const version = versionOf(request, counted ?? {});
  const newest = await newestAccuracy(folder);
  if (newest?.version === version) return { kind: 'unchanged', record: newest };
  await fillScored(database, request);
  const segments = await writeSegments(database, request, version);
  for (;;) {
    const record = await recordOf(database, request, { counted: counted ?? {}, version, segments });
    if (await addAccuracyRecord(folder, record)) return { kind: 'scored', record };
    // Another process was quicker, most likely with the same.
    const other = await newestAccuracy(folder);
    if (other?.version === version) return { kind: 'unchanged', record: other };
  }
}

/** How many predictions have an actual, and what tells these actuals, and those known before the run, from others. */
function countsSql(request: ScoreRequest): string {
  const { columns, publishedLocal } = request;
  const known = columns.date === null ? 'false' : `t < ${knownUntil(request)}`;
  const length = columns.date?.type === 'DATE' ? ' + INTERVAL 1 DAY' : '';
  const afterwards =
    publishedLocal === null || columns.date === null
      ? '0'
      : `count(*) FILTER (WHERE t${length} <= TIMESTAMP ${quoteText(publishedLocal)})`;
  return `SELECT count(y) AS scored, CAST(bit_xor(mark) AS VARCHAR) AS mark, max(t) FILTER (WHERE y IS NOT NULL)::VARCHAR AS until,
      ${afterwards} AS afterwards,
      (SELECT count(*) || ' ' || coalesce(bit_xor(mark), 0) FROM ${ACTUALS} WHERE ${known}) AS known
    FROM ${SCORED}`;
}

function versionOf(
  { spec, columns, origin }: ScoreRequest,
  { scored, mark, known }: Readonly<Record<string, unknown>>,
): string {
  const { source: _, ...settings } = spec;
  const decides = [settings, columns, origin, String(scored), String(mark), String(known)];
  return createHash('sha256').update(JSON.stringify(decides)).digest('hex').slice(0, 16);
}

async function writeSegments(
  database: Database,
  { folder, columns }: ScoreRequest,
  version: string,
): Promise<string> {
  const name = `segments-${version}.parquet`;
  const temporary = temporaryName(join(folder, name));
  await makeFolder(folder);
  await database.run(
    `COPY (SELECT * FROM (${allFiguresSql(columns)}) ORDER BY segment_by, segment) TO ${quoteText(temporary)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  await commitFile(temporary, join(folder, name));
  return name;
}

async function recordOf(
  database: Database,
  request: ScoreRequest,
  found: {
    readonly counted: Readonly<Record<string, unknown>>;
    readonly version: string;
    readonly segments: string;
  },
): Promise<AccuracyRecord> {
  const { runId, folder, origin, publishedAt, spec, columns, actuals, now } = request;
  const { counted, version, segments } = found;
  const few = await readFigures(
    database,
    `SELECT * FROM read_parquet(${quoteFile(join(folder, segments))}) WHERE segment_by IN ('${WHOLE}', 'horizon', 'weekday')`,
  );
  const [whole] = few.filter(({ by }) => by === WHOLE);
  if (whole === undefined) throw new TypeError('The whole run is always among its segments');
  return {
    ...{ formatVersion: 1, runId, number: await nextNumber(folder), version },
    scoredAt: now().toISOString(),
    ...{ origin, publishedAt, prediction: columns.prediction, column: spec.column },
    actualsUntil: typeof counted.until === 'string' && columns.date !== null ? counted.until : null,
    unusableActuals: actuals.unusable,
    afterwards: Number(counted.afterwards),
    segments,
    whole: whole.figures,
    horizons: few.filter(({ by }) => by === 'horizon').sort(byNumber),
    weekdays: few.filter(({ by }) => by === 'weekday').sort(byWeekday),
  };
}

function byNumber(a: { readonly segment: string }, b: { readonly segment: string }): number {
  return Number(a.segment) - Number(b.segment);
}

const WEEK = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

function byWeekday(a: { readonly segment: string }, b: { readonly segment: string }): number {
  return WEEK.indexOf(a.segment) - WEEK.indexOf(b.segment);
}
