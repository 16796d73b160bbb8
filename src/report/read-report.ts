import { compareRuns } from '../compare/compare-runs.ts';
import { keyColumnsOf, readComparedRun } from '../compare/compared-run.ts';
import type { Comparison } from '../compare/comparison.ts';
import { type Clock, systemClock } from '../core/effects.ts';
import { isDiskFull, isOutOfMemory, ServeBatchError, toServeBatchError } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import { parseTemplate } from '../core/text/template.ts';
import { readJsonIfValid } from '../runs/json-file.ts';
import { type RunPaths, runPaths } from '../runs/layout.ts';
import { listRuns } from '../runs/list/run-list.ts';
import type { RunSummary } from '../runs/list/run-summary.ts';
import { planSchema } from '../runs/plan/plan-schema.ts';
import { readShardRecords } from '../runs/record/shard-record.ts';
import { ownVersion } from '../runs/record/versions.ts';
import type { Database } from '../source/duckdb/database.ts';
import { duckdbReason } from '../source/read-error.ts';
import { readAccuracy } from './facts/accuracy-facts.ts';
import { readDimensions } from './facts/dimension-facts.ts';
import { type Known, known, unknown } from './facts/known.ts';
import { latencyOf } from './facts/latency.ts';
import { predictionColumns } from './facts/prediction-columns.ts';
import { type PredictionSource, readPredictions } from './facts/prediction-facts.ts';
import { readRejects, rejectFilesOf } from './facts/rejects-facts.ts';
import type { PredictionsFacts, ReportFacts } from './facts/report-facts.ts';
import { findRunBefore } from './facts/run-before.ts';
import { partsOf } from './facts/run-parts.ts';
import { stagesOf } from './facts/stages.ts';
import { timelineOf } from './facts/timeline.ts';

/** All that changed counts, and the page shows the biggest changes. */
const COMPARISON = { limit: { change: 0, most: null }, top: 10 } as const;

export interface ReadReportOptions {
  readonly folderOfJob: string;
  readonly runId: string;
  /** A run that this one is compared with, key by key. Left out: none. */
  readonly against?: { readonly folderOfJob: string; readonly runId: string };
  /** Reads the parts and rejects, within its limits. */
  readonly database: Database;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/**
 * Reads all that a report shows of one run. Files that are missing or damaged are told in the report.
 * Throws `NOT_FOUND` where there is no such run, `OUT_OF_MEMORY` where the database's limit is too small,
 * and the signal's reason.
 */
export async function readReport(options: ReadReportOptions): Promise<ReportFacts> {
  const { folderOfJob, runId, database, signal, clock = systemClock } = options;
  const runs = await listRuns(folderOfJob, clock);
  const summary = runs.find((each) => each.runId === runId);
  if (summary === undefined)
    throw new ServeBatchError(
      'NOT_FOUND',
      `Run ${runId} is not in ${folderOfJob} any more. See serve-batch runs ls.`,
    );
  const paths = runPaths(folderOfJob, runId);
  const plan = (await readJsonIfValid(paths.plan, planSchema)) ?? null;
  const shards = plan === null ? [] : [...(await readShardRecords(paths, plan)).values()];
  const stop = interruptOn(signal, database);
  try {
    const keyColumns = plan === null ? [] : dimensionColumns(plan);
    const rejectFiles = await rejectFilesOf(paths, shards);
    return {
      summary,
      plan,
      folder: paths.folder,
      madeAt: clock.now().toISOString(),
      madeBy: ownVersion(),
      shardsDone: shards.length,
      timeline: timelineOf(shards),
      latency: latencyOf(shards),
      stages: summary.record?.stages ?? stagesOf(shards),
      predictions: await predictionsOf(options, { summary, runs, plan, paths }),
      dimensions: await dimensionsOf(options, { summary, paths, keyColumns, rejectFiles }),
      rejects: await readable('The rejects', signal, () => readRejects(database, rejectFiles, keyColumns)),
      comparison: await comparisonOf(options),
      accuracy: await readable('The accuracy of the run', signal, () => readAccuracy(database, paths)),
    };
  } finally {
    stop();
  }
}

/** Key by key, in segments of the first key column. Throws as the comparison does: somebody asked for it. */
async function comparisonOf({
  folderOfJob,
  runId,
  against,
  database,
}: ReadReportOptions): Promise<Comparison | null> {
  if (against === undefined) return null;
  const before = await readComparedRun(against.folderOfJob, against.runId);
  const after = await readComparedRun(folderOfJob, runId);
  const by = keyColumnsOf(after.plan).slice(0, 1);
  return compareRuns(database, { before, after, by, key: null, ...COMPARISON });
}

async function predictionsOf(
  { folderOfJob, database, signal }: ReadReportOptions,
  run: {
    readonly summary: RunSummary;
    readonly runs: readonly RunSummary[];
    readonly plan: Plan | null;
    readonly paths: RunPaths;
  },
): Promise<Known<PredictionsFacts>> {
  const parts = await partsOf(run.paths, run.summary.record);
  if (!parts.isKnown) return parts;
  if (run.plan === null)
    return unknown('The plan of this run cannot be read: which columns are predictions is not known.');
  const { columns, leftOut } = predictionColumns(run.plan.output.predictions);
  const rows = run.summary.record?.rowsOut ?? 0;
  const current = { runId: run.summary.runId, files: parts.value, rows, columns };
  const found = await findRunBefore(folderOfJob, run.summary, run.runs);
  const before = found.isKnown ? await sourceOf(folderOfJob, found.value) : found;
  const read = (other: PredictionSource | null) =>
    readable('The parts', signal, () => readPredictions(database, current, other));
  const compared = await read(before.isKnown ? before.value : null);
  if (compared.isKnown)
    return known({
      columns: compared.value,
      leftOut,
      before: before.isKnown ? known(before.value.runId) : before,
    });
  // It may be the run before whose parts are damaged.
  const alone = await read(null);
  return alone.isKnown ? known({ columns: alone.value, leftOut, before: compared }) : alone;
}

async function sourceOf(
  folderOfJob: string,
  { runId, record }: RunSummary,
): Promise<Known<PredictionSource>> {
  const paths = runPaths(folderOfJob, runId);
  const parts = await partsOf(paths, record);
  if (!parts.isKnown) return parts;
  const plan = await readJsonIfValid(paths.plan, planSchema);
  if (plan === undefined) return unknown(`The plan of run ${runId} cannot be read: it is not compared with.`);
  return known({
    runId,
    files: parts.value,
    rows: record?.rowsOut ?? 0,
    columns: predictionColumns(plan.output.predictions).columns,
  });
}

async function dimensionsOf(
  { database, signal }: ReadReportOptions,
  run: {
    readonly summary: RunSummary;
    readonly paths: RunPaths;
    readonly keyColumns: readonly string[];
    readonly rejectFiles: readonly string[];
  },
): Promise<Known<Awaited<ReturnType<typeof readDimensions>>>> {
  const parts = await partsOf(run.paths, run.summary.record);
  if (!parts.isKnown) return parts;
  if (run.keyColumns.length === 0)
    return unknown('This job has no key columns, by which rows that are missing could be counted.');
  return readable('The parts and rejects', signal, () =>
    readDimensions(database, run.keyColumns, { parts: parts.value, rejects: run.rejectFiles }),
  );
}

/** The columns of the key and the field; of a grid without a store, what its parts keep of it. */
function dimensionColumns({ kv, input, output }: Plan): readonly string[] {
  if (kv === null) return input.grid === null ? [] : output.keptColumns.map(({ name }) => name);
  const templates = kv.field === null ? [kv.key] : [kv.key, kv.field];
  return [...new Set(templates.flatMap((text) => parseTemplate(text, 'kv.key').columns))];
}

/** What DuckDB finds wrong with a file is told in the report; the rest of it is still worth reading. */
async function readable<T>(what: string, signal: AbortSignal, read: () => Promise<T>): Promise<Known<T>> {
  signal.throwIfAborted();
  try {
    return known(await read());
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ServeBatchError || isOutOfMemory(error) || isDiskFull(error))
      throw toServeBatchError(error);
    return unknown(`${what} cannot be read: ${duckdbReason(error)}.`);
  }
}

/** DuckDB does not know the signal: a query under way is ended by hand. */
function interruptOn(signal: AbortSignal, database: Database): () => void {
  const interrupt = (): void => database.connection.interrupt();
  signal.addEventListener('abort', interrupt);
  return () => signal.removeEventListener('abort', interrupt);
}
