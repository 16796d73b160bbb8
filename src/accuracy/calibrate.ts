import type { ActualsSpec, IntervalGroup, IntervalsSpec } from '../core/accuracy.ts';
import { isDiskFull, isOutOfMemory, ServeBatchError } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import type { NamedTable } from '../core/table.ts';
import { formatCount, formatNumber } from '../core/text/amounts.ts';
import { quoteText } from '../core/text/sql.ts';
import type { Database } from '../source/duckdb/database.ts';
import { duplicates, fillPlainActuals, openActuals } from './actuals-tables.ts';
import { adaptedAlphas, RESIDUALS, readGroups, STEPS_BACK } from './conformal.ts';
import { type ScoreColumns, scoreColumns } from './score-columns.ts';
import { fillScored, knownUntil, SCORED } from './scored-rows.ts';

/** An earlier run that readers saw. */
export interface EarlierRun {
  readonly plan: Plan;
  readonly folder: string;
  readonly parts: readonly string[];
  /** When it was made, in the time zone of the job, without one. */
  readonly origin: string;
}

export interface CalibrateRequest {
  readonly spec: ActualsSpec;
  readonly intervals: IntervalsSpec;
  readonly tables: readonly NamedTable[];
  readonly externalAccess: boolean;
  /** Newest first, one for each origin. */
  readonly runs: readonly EarlierRun[];
  /** When the run is made whose intervals are asked for. */
  readonly origin: string;
}

/** What earlier runs say of the errors to expect: the part of {@link IntervalsPlan} that comes from them. */
export interface Calibration {
  readonly groups: readonly IntervalGroup[];
  readonly runs: readonly string[];
  readonly why: string | null;
}

/** Errors that are looked at of one run: more would not move a quantile by what matters. */
const MOST_RESIDUALS = 100_000;
/** More would make the plan larger than the data. */
const MOST_GROUPS = 10_000;

/**
 * Bounds from the errors of earlier runs: what was known of them before `origin`, and nothing else. Without enough of
 * them, or where the actuals cannot be used, there are none, and it says why.
 */
export async function calibrate(database: Database, request: CalibrateRequest): Promise<Calibration> {
  try {
    const runs = await collectResiduals(database, request);
    const alphas = await adaptedAlphas(database, request.intervals);
    const groups = await readGroups(database, request.intervals, alphas);
    const found = { groups: withoutTooMany(groups), runs };
    return { ...found, why: whyFewer(request, runs, groups) };
  } catch (error) {
    if (isOutOfMemory(error) || isDiskFull(error) || !(error instanceof ServeBatchError)) throw error;
    return { groups: [], runs: [], why: error.message };
  }
}

function withoutTooMany(groups: readonly IntervalGroup[]): readonly IntervalGroup[] {
  return groups.length <= MOST_GROUPS ? groups : groups.filter(({ segment }) => segment === null);
}

function whyFewer(
  { intervals }: CalibrateRequest,
  runs: readonly string[],
  groups: readonly IntervalGroup[],
): string | null {
  if (groups.length === 0)
    return `${runs.length === 0 ? 'no earlier published run has actuals that were known when this run was made' : `${formatNumber(runs.length, 'earlier run')} ${runs.length === 1 ? 'has' : 'have'} too few errors`}: each horizon needs ${formatCount(intervals.least)}`;
  if (groups.length > MOST_GROUPS)
    return `intervals.by makes ${formatCount(groups.length)} groups, at most ${formatCount(MOST_GROUPS)} fit into a plan: all segments of a horizon have the same bounds`;
  return null;
}

/** Fills {@link RESIDUALS}, and says from which runs. */
async function collectResiduals(
  database: Database,
  { spec, intervals, tables, externalAccess, runs, origin }: CalibrateRequest,
): Promise<readonly string[]> {
  const folders = runs.map(({ folder }) => folder);
  await openActuals(database, { spec, tables, externalAccess, folders });
  const by = intervals.by.map((_, index) => `, by${index} VARCHAR`).join('');
  await database.run(
    `CREATE OR REPLACE TEMP TABLE ${RESIDUALS} (run INTEGER, origin TIMESTAMP, h INTEGER, t TIMESTAMP, r DOUBLE${by})`,
  );
  const horizons = new Map<string, number>();
  const used: string[] = [];
  let key: string | null = null;
  for (const [index, run] of runs.entries()) {
    if (isEnough(horizons, intervals.runs)) break;
    const columns = columnsOf(spec, intervals, run.plan);
    if (columns === null) continue;
    const wanted = JSON.stringify([columns.series, columns.date]);
    if (key !== wanted) await fillPlainActuals(database, spec, columns);
    key = wanted;
    const found = await addResiduals(database, { spec, intervals, run, index, columns, origin });
    for (const horizon of found) horizons.set(horizon, (horizons.get(horizon) ?? 0) + 1);
    if (found.length > 0) used.push(run.plan.runId);
  }
  return used;
}

/** Whether each horizon has errors of enough runs. */
function isEnough(horizons: ReadonlyMap<string, number>, runs: number): boolean {
  return horizons.size > 0 && [...horizons.values()].every((count) => count >= runs + STEPS_BACK);
}

/** Null: the job had other columns when the run was made. */
function columnsOf(spec: ActualsSpec, { by }: IntervalsSpec, plan: Plan): ScoreColumns | null {
  try {
    return { ...scoreColumns({ ...spec, by }, plan), quantiles: [], intervals: [] };
  } catch {
    return null;
  }
}

/** Adds the errors of one run, and says of which horizons there are any. */
async function addResiduals(
  database: Database,
  {
    spec,
    intervals,
    run,
    index,
    columns,
    origin,
  }: Pick<CalibrateRequest, 'spec' | 'intervals' | 'origin'> & {
    readonly run: EarlierRun;
    readonly index: number;
    readonly columns: ScoreColumns;
  },
): Promise<readonly string[]> {
  const { delayDays } = spec;
  await fillScored(database, {
    ...{ columns, delayDays, parts: run.parts, origin: run.origin, sample: MOST_RESIDUALS },
    mayRepeat: run.plan.kv?.duplicates !== 'error',
  });
  await assertOneActualEach(database, columns);
  const isKnown =
    columns.date === null ? 'true' : `h >= 1 AND t < ${knownUntil({ columns, origin, delayDays })}`;
  const by = intervals.by.map((_, place) => `, by${place}`).join('');
  await database.run(
    `INSERT INTO ${RESIDUALS} SELECT ${index}, TIMESTAMP ${quoteText(run.origin)}, coalesce(h, 0), t, y - p${by}
     FROM ${SCORED} WHERE y IS NOT NULL AND isfinite(p) AND ${isKnown}`,
  );
  const rows = await database.rows(`SELECT DISTINCT h FROM ${RESIDUALS} WHERE run = ${index}`);
  return rows.map(({ h }) => String(h));
}

/** Two actuals for one prediction show as a prediction that is there twice. */
async function assertOneActualEach(database: Database, { series }: ScoreColumns): Promise<void> {
  const [counted] = await database.rows(`SELECT count(*) - count(DISTINCT place) AS doubled FROM ${SCORED}`);
  const doubled = Number(counted?.doubled);
  if (doubled > 0) throw duplicates(doubled, series.map(({ name }) => name).join(', '));
}
