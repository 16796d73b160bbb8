import type { IntervalGroup, IntervalsSpec } from '../core/accuracy.ts';
import type { Database } from '../source/duckdb/database.ts';

/**
 * Conformal intervals from the errors of earlier runs.
 *
 * Split conformal prediction with signed errors r = y - p (Vovk et al., Algorithmic Learning in a Random World, 2005;
 * Linusson et al., Signed-error conformal regression, 2014; Romano et al., Conformalized quantile regression, 2019,
 * theorem 2): of n errors, sorted, the interval with the miss rate alpha is from p + r[floor((n + 1) alpha / 2)] to
 * p + r[ceil((n + 1) (1 - alpha / 2))]. The n + 1 is the correction for finite samples: were errors exchangeable, at
 * least 1 - alpha of the actuals would lie inside. It takes 2 / alpha - 1 errors for both ranks to exist.
 *
 * Errors of successive weeks are not exchangeable. So alpha follows what was achieved (Gibbs and Candes, Adaptive
 * conformal inference under distribution shift, 2021): alpha[k + 1] = alpha[k] + gamma (alpha - missed[k]), from run
 * to run. Runs are replayed: each with bounds from the runs before it, by what was known when it was made. Nothing is
 * kept from run to run, so that the same history gives the same bounds.
 */

/** One error: `run`, from 0 for the newest, and its `origin`; horizon `h`, time `t`, `r`, and columns of segments. */
export const RESIDUALS = 'serve_batch_residuals';

/** Runs that are replayed. */
export const STEPS_BACK = 4;
/** How fast alpha follows: one step is one whole run, with all its predictions. */
const GAMMA = 0.3;
const LEAST_ALPHA = 0.001;
const GREATEST_ALPHA = 0.5;

/** Errors with their `age`: 1 for the newest run that has any of the horizon. */
const AGED = 'serve_batch_aged_residuals';

/** The miss rate of each level that the newest runs call for. Makes {@link AGED} of {@link RESIDUALS}. */
export async function adaptedAlphas(database: Database, spec: IntervalsSpec): Promise<readonly number[]> {
  await database.run(
    `CREATE OR REPLACE TEMP TABLE ${AGED} AS SELECT *, dense_rank() OVER (PARTITION BY h ORDER BY run) AS age FROM ${RESIDUALS}`,
  );
  let alphas = spec.levels.map(alphaOf);
  for (let age = STEPS_BACK; age >= 1; age--) {
    const missed = await missedBy(database, spec, alphas, age);
    alphas = alphas.map((alpha, index) => adapted(alpha, alphaOf(spec.levels[index] ?? 0), missed[index]));
  }
  return alphas;
}

/** 0.1 of 0.9, without the noise of the subtraction. */
function alphaOf(level: number): number {
  return Number((1 - level).toFixed(9));
}

/** @param missed undefined: it is not known */
export function adapted(alpha: number, wanted: number, missed: number | undefined): number {
  if (missed === undefined) return alpha;
  return Math.min(Math.max(alpha + GAMMA * (wanted - missed), LEAST_ALPHA), GREATEST_ALPHA);
}

/** The share of actuals that each level missed in the runs of one age; empty where there were too few errors before. */
async function missedBy(
  database: Database,
  spec: IntervalsSpec,
  alphas: readonly number[],
  age: number,
): Promise<readonly number[]> {
  const before = `SELECT e.* FROM ${AGED} e JOIN (SELECT DISTINCT h, origin FROM ${AGED} WHERE age = ${age}) o USING (h)
    WHERE e.age > ${age} AND e.age <= ${age + spec.runs} AND coalesce(e.t < o.origin, true)`;
  const { segments, horizons } = boundsSql(spec, alphas);
  const inside = alphas.map(
    (_, index) =>
      `avg(CAST(r BETWEEN ${bound('low', index, spec)} AND ${bound('high', index, spec)} AS INTEGER)) AS inside${index}`,
  );
  const [row] = await database.rows(
    `WITH pool AS (${before}), s AS (${segments}), a AS (${horizons})
     SELECT count(*) AS n, ${inside.join(', ')} FROM ${AGED} e JOIN a USING (h) ${joinSegments(spec, 'e')} WHERE e.age = ${age}`,
  );
  if (Number(row?.n ?? 0) === 0) return [];
  return alphas.map((_, index) => 1 - Number(row?.[`inside${index}`]));
}

function bound(name: 'low' | 'high', index: number, { by }: IntervalsSpec): string {
  return by.length === 0 ? `a.${name}${index}` : `coalesce(s.${name}${index}, a.${name}${index})`;
}

function joinSegments({ by }: IntervalsSpec, errors: string): string {
  if (by.length === 0) return '';
  const same = by.map((_, index) => `${errors}.by${index} = s.by${index}`);
  return `LEFT JOIN s ON ${[`${errors}.h = s.h`, ...same].join(' AND ')}`;
}

/** SELECTs of the bounds of each segment of each horizon, and of each horizon, from the errors in `pool`. */
function boundsSql(spec: IntervalsSpec, alphas: readonly number[]) {
  const segments = ['h', ...spec.by.map((_, index) => `by${index}`)];
  return { segments: groupsSql(segments, spec, alphas), horizons: groupsSql(['h'], spec, alphas) };
}

function groupsSql(
  keys: readonly string[],
  { least, levels }: IntervalsSpec,
  alphas: readonly number[],
): string {
  const list = keys.join(', ');
  const needed = Math.max(least, ...levels.map((level) => Math.ceil(2 / alphaOf(level) - 1 - 1e-9)));
  const bounds = alphas.flatMap((alpha, index) => [
    `max(r) FILTER (place = greatest(floor((n + 1) * ${alpha / 2} + 1e-9), 1)) AS low${index}`,
    `max(r) FILTER (place = least(ceil((n + 1) * ${1 - alpha / 2} - 1e-9), n)) AS high${index}`,
  ]);
  return `SELECT ${list}, any_value(n) AS n, ${bounds.join(', ')}
    FROM (SELECT *, row_number() OVER (PARTITION BY ${list} ORDER BY r) AS place, count(*) OVER (PARTITION BY ${list}) AS n FROM pool)
    WHERE n >= ${needed} GROUP BY ${list}`;
}

/** The bounds that a new run has, each horizon before its segments. */
export async function readGroups(
  database: Database,
  spec: IntervalsSpec,
  alphas: readonly number[],
): Promise<readonly IntervalGroup[]> {
  const pool = `SELECT * FROM ${AGED} WHERE age <= ${spec.runs}`;
  const { segments, horizons } = boundsSql(spec, alphas);
  const read = async (select: string) =>
    database.rows(
      `WITH pool AS (${pool}) SELECT *, EXISTS (SELECT 1 FROM pool WHERE t IS NOT NULL) AS has_dates FROM (${select}) ORDER BY ALL`,
    );
  const groupOf = (row: Readonly<Record<string, unknown>>, segment: readonly string[] | null) => ({
    horizon: row.has_dates === true ? Number(row.h) : null,
    segment,
    residuals: Number(row.n),
    bounds: alphas.map((_, index) => [Number(row[`low${index}`]), Number(row[`high${index}`])] as const),
  });
  const all = (await read(horizons)).map((row) => groupOf(row, null));
  if (spec.by.length === 0) return all;
  const own = (await read(segments)).map((row) =>
    groupOf(
      row,
      spec.by.map((_, index) => String(row[`by${index}`])),
    ),
  );
  return [...all, ...own];
}
