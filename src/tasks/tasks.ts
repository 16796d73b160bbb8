import type { Calibration } from '../accuracy/calibrate.ts';
import type { ActualsSpec, IntervalsSpec, RunAccuracy } from '../core/accuracy.ts';
import type { EnginePlan } from '../core/engine.ts';
import type { SampleCost } from '../core/estimate.ts';
import type { GateResult, GateSpec } from '../core/gates.ts';
import type { ModelSignature } from '../core/model.ts';
import type { DraftPlan, KvLayout, Plan } from '../core/plan.ts';
import type { ConditionState } from '../core/readiness.ts';
import type { BadCells, Column, NamedTable, SourceFile, TableFormat } from '../core/table.ts';
import type { Fence, StagedCounts, ValueAddress } from '../kv/store.ts';
import type { PlanRequest } from '../planning/plan-run.ts';
import type { CheckTablesRequest } from '../planning/readiness/check-tables.ts';
import type { ShardRecord } from '../runs/record/shard-record.ts';
import type { LiveAnswer, LiveQuestion } from '../shard/live/live-question.ts';
import type { PostedBody, RowsBody } from '../shard/live/posted-bodies.ts';
import type { RejectLimit } from '../shard/run-shard.ts';
import type { TracedRow } from '../shard/trace/trace-row.ts';
import type { InputOptions } from '../source/formats/input-options.ts';
import type { TakeOutcome, TakeRowsRequest } from '../source/incremental/take-rows.ts';
import type { TableSurvey } from '../source/tables/survey-table.ts';
import type { BatchTiming } from '../tuning/choose-batch-size.ts';
import type { ScoredRun } from './score-runs.ts';
import type { LoadReport } from './store-loads.ts';
import type { StoreTasks } from './store-tasks.ts';

/**
 * What is asked of a worker, and what comes back: everything that touches rows or models. Requests are JSON.
 * Inputs and models are named as the job names them; what serve-batch made itself, by the run it belongs to.
 */
export interface Tasks extends StoreTasks {
  readonly plan: { readonly request: PlanTask; readonly result: DraftPlan };
  readonly 'take-rows': { readonly request: TakeRowsTask; readonly result: TakeOutcome };
  readonly 'choose-engine': { readonly request: UnwrittenPlanTask; readonly result: EnginePlan };
  readonly 'measure-batches': {
    readonly request: UnwrittenPlanTask;
    readonly result: readonly BatchTiming[];
  };
  /** What some rows of a run take, and make. */
  readonly 'score-sample': { readonly request: UnwrittenPlanTask; readonly result: SampleCost };
  readonly shard: { readonly request: ShardTask; readonly result: ShardOutcome };
  /** Waits for the loads that shards have left under way in this worker. */
  readonly 'finish-loads': { readonly request: null; readonly result: LoadReport };
  readonly 'load-part': { readonly request: LoadPartTask; readonly result: StagedCounts };
  readonly 'count-distinct': {
    readonly request: PartsTask;
    readonly result: { keys: number; values: number };
  };
  /** Of several runs together. */
  readonly 'count-distinct-of-runs': {
    readonly request: RunsTask;
    readonly result: { keys: number; values: number };
  };
  /** How many of the keys and fields of the parts a generation of the store has already. */
  readonly 'count-held': { readonly request: CountHeldTask; readonly result: number };
  readonly 'merge-parts': { readonly request: MergeTask; readonly result: { readonly bytes: number } };
  readonly 'read-missing': { readonly request: ReadMissingTask; readonly result: readonly string[] };
  readonly 'known-values': { readonly request: KnownValuesTask; readonly result: readonly string[] };
  /** Where a prediction comes from; null: no row of the run has the key. */
  readonly 'trace-row': { readonly request: TraceRowTask; readonly result: TracedRow | null };
  /** The texts of key columns; null for a column with more than the limit. */
  readonly 'key-values': {
    readonly request: KeyValuesTask;
    readonly result: Readonly<Record<string, readonly string[] | null>>;
  };
  /** Writes the sample of features, and looks whether the run may be published. */
  readonly 'check-gates': { readonly request: CheckGatesTask; readonly result: readonly GateResult[] };
  /** Bounds for predictions, from the errors of earlier runs. */
  readonly calibrate: { readonly request: CalibrateTask; readonly result: Calibration };
  /** Compares runs of the job with what came true, and writes what is new of it beside them. */
  readonly 'score-runs': { readonly request: ScoreRunsTask; readonly result: readonly ScoredRun[] };
  /** Columns of key and field of one row, as a lookup names them; null: there is none with all of them. */
  readonly 'example-key': {
    readonly request: PartsTask;
    readonly result: Readonly<Record<string, string>> | null;
  };
  /** Keys and fields of some rows, as the store should hold them. */
  readonly 'sample-keys': { readonly request: SampleTask; readonly result: readonly ValueAddress[] };
  readonly 'describe-model': { readonly request: { readonly path: string }; readonly result: ModelSignature };
  /** Versions of the libraries, from the libraries: it works where they load. */
  readonly 'describe-engines': { readonly request: null; readonly result: { readonly duckdb: string } };
  /** Whether tables hold what an occurrence waits for. */
  readonly 'check-tables': {
    readonly request: CheckTablesRequest & { readonly memoryLimit: string };
    readonly result: readonly ConditionState[];
  };
  readonly 'describe-table': { readonly request: DescribeTableTask; readonly result: TableDescription };
  /** For whoever writes a job for the table. */
  readonly 'survey-table': { readonly request: DescribeTableTask; readonly result: TableSurvey };
  /** Gets ready to answer for a published run. */
  readonly 'live-open': { readonly request: LiveOpenTask; readonly result: LiveColumns };
  readonly 'live-answer': { readonly request: LiveAnswerTask; readonly result: readonly LiveAnswer[] };
  /** Reads rows that somebody has posted; this worker keeps them until they are dropped. */
  readonly 'live-post': { readonly request: LivePostTask; readonly result: PostedBody };
  readonly 'live-score': { readonly request: LiveScoreTask; readonly result: readonly LiveAnswer[] };
  readonly 'live-drop': { readonly request: LiveDropTask; readonly result: null };
}

export type LiveTaskName = Extract<TaskName, `live-${string}`>;

export type TaskName = keyof Tasks;
export type TaskRequest<N extends TaskName> = Tasks[N]['request'];
export type TaskResult<N extends TaskName> = Tasks[N]['result'];

/** What a planning task may use. */
export interface PlanningLimits {
  readonly memoryLimit: string;
  /** Threads for reading text files; they do not change what is read. */
  readonly threads: number;
}

export interface PlanTask extends PlanningLimits {
  readonly plan: Omit<PlanRequest, 'stagedPath' | 'stagingRejectsPath' | 'partsAreNear'>;
}

export interface TakeRowsTask extends PlanningLimits {
  readonly runId: string;
  readonly rows: Omit<TakeRowsRequest, 'stagedPath' | 'stagingRejectsPath' | 'unorderedPath' | 'takenPath'>;
}

export interface UnwrittenPlanTask {
  /** Not written yet, and with any batch size. */
  readonly plan: Plan;
  readonly memoryLimit: string;
}

/** A run of the job: the plan in its folder has the rest. */
export interface RunReference {
  readonly runId: string;
  readonly memoryLimit: string;
}

export interface ShardTask extends RunReference {
  readonly index: number;
  readonly attempt: number;
  /** When it was handed to several machines, ISO 8601; left out: it was not. */
  readonly handedOutAt?: string;
  /** Where the shard ends early; null: nowhere. */
  readonly rejectLimit: RejectLimit | null;
  /** Load the store, too, under this token, while the worker has its next shard; null: do not. */
  readonly loadUnder: Fence | null;
}

export interface ShardOutcome extends LoadReport {
  readonly record: ShardRecord;
  /** Rows that calls were halved to, since the device had no memory for more; null: they were not. */
  readonly callRows: number | null;
}

export interface PartsTask extends RunReference {
  /** Shards whose parts are meant. */
  readonly shards: readonly number[];
}

export interface RunsTask extends RunReference {
  /** With their shards; the run itself is among them, and has the plan. */
  readonly runs: readonly { readonly runId: string; readonly shards: readonly number[] }[];
}

export interface CountHeldTask extends PartsTask {
  readonly generation: string;
}

export interface SampleTask extends PartsTask {
  /** At most so many rows. */
  readonly rows: number;
}

export interface LoadPartTask extends RunReference {
  /** The shard, or the slice of the keys, that is loaded; one beyond all shards for `duplicatesAmong`. */
  readonly stageAs: number;
  /** Not a part, but the rows among the parts of these shards whose key and field occur twice, the last of each. */
  readonly duplicatesAmong: readonly number[] | null;
  /** The generation of a later run that goes on from this one. Left out: the run's own. */
  readonly into?: LoadTarget;
  readonly fence: Fence;
}

export interface LoadTarget {
  readonly generation: string;
  readonly layout: KvLayout;
  readonly ttlSeconds: number | null;
}

export interface MergeTask extends PartsTask {
  /** The file, relative to the job's folder. */
  readonly target: string;
}

export interface ReadMissingTask extends RunReference {
  readonly limit: number;
}

export interface CheckGatesTask extends RunReference {
  readonly gates: readonly GateSpec[];
  /** Runs of the job to compare with; null: there is none. */
  readonly last: string | null;
  readonly weekday: string | null;
  /** Earlier runs that are scored, newest first; empty where no gate asks for them. */
  readonly scored: readonly RunAccuracy[];
}

interface WithActuals {
  readonly actuals: ActualsSpec;
  /** The files of the actuals. */
  readonly tables: readonly NamedTable[];
  /** As `features.externalAccess`. */
  readonly externalAccess: boolean;
  readonly memoryLimit: string;
}

export interface CalibrateTask extends WithActuals {
  readonly intervals: IntervalsSpec;
  /** Earlier runs, newest first. */
  readonly runs: readonly Pick<RunToScoreTask, 'runId' | 'origin'>[];
  /** When the run is made, as that of {@link RunToScoreTask}. */
  readonly origin: string;
}

export interface ScoreRunsTask extends WithActuals {
  readonly runs: readonly RunToScoreTask[];
}

export interface RunToScoreTask {
  readonly runId: string;
  /** When it was made, in the time zone of the job, without one. */
  readonly origin: string;
  /** ISO 8601; null: it was never published. */
  readonly publishedAt: string | null;
  /** The same in the time zone of the job, without one. */
  readonly publishedLocal: string | null;
}

export interface KnownValuesTask extends RunsTask {
  /** Key columns and the texts that were looked for. */
  readonly wanted: Readonly<Record<string, string>>;
}

export interface TraceRowTask extends RunReference, ValueAddress {
  /** Whether to say what each feature contributes. */
  readonly explain: boolean;
}

export interface KeyValuesTask extends RunsTask {
  readonly columns: readonly string[];
  /** Of one column. */
  readonly limit: number;
}

export interface LiveOpenTask extends RunReference {
  /** Whether rows are to be found by their keys. */
  readonly indexesKeys: boolean;
}

export interface LiveColumns {
  /** Of the input. */
  readonly columns: readonly Column[];
  /** Those that the model takes; null: values follow from other columns, too. */
  readonly features: readonly Column[] | null;
  /** Names of features in the order of the one matrix that the model takes; null: it takes something else. */
  readonly matrix: readonly string[] | null;
}

export interface LiveAnswerTask extends RunReference {
  readonly questions: readonly LiveQuestion[];
}

export interface LivePostTask extends RunReference {
  readonly body: RowsBody;
}

export interface LiveScoreTask extends RunReference, RowRange {
  readonly post: number;
}

interface RowRange {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

export interface LiveDropTask extends RunReference {
  readonly post: number;
}

export interface DescribeTableTask {
  readonly format: TableFormat;
  /** What was named, of which `sources` are the files. */
  readonly paths: readonly string[];
  readonly sources: readonly SourceFile[];
  readonly options: InputOptions;
  /** Rows whose values come with it. Default: 0. */
  readonly firstRows?: number;
}

export interface TableDescription {
  readonly columns: readonly Column[];
  readonly rows: number;
  /** The values of the first rows as text, by column. */
  readonly first: readonly Readonly<Record<string, string | null>>[];
  readonly badCells: readonly BadCells[];
}
