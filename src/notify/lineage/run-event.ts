import type { BoundJob } from '../../config/job-spec.ts';
import type { Plan } from '../../core/plan.ts';
import { isNoFailure } from '../../jobs/alert.ts';
import type { ReportedEnd } from '../../jobs/run-reporter.ts';
import type { RunRecord } from '../../runs/record/run-record.ts';
import { ownVersion } from '../../runs/record/versions.ts';
import { type Dataset, inputDatasets, outputDatasets } from './datasets.ts';
import { type Facet, facet, PRODUCER, SCHEMA_URL } from './facets.ts';
import { runUuid } from './run-uuid.ts';

type Facets = Readonly<Record<string, Facet>>;

/** A RunEvent of OpenLineage. */
export interface RunEvent {
  readonly eventType: 'START' | 'COMPLETE' | 'FAIL' | 'ABORT';
  readonly eventTime: string;
  readonly producer: string;
  readonly schemaURL: string;
  readonly run: { readonly runId: string; readonly facets: Facets };
  readonly job: { readonly namespace: string; readonly name: string; readonly facets: Facets };
  readonly inputs: readonly Dataset[];
  readonly outputs: readonly Dataset[];
}

export interface RunEventOptions {
  readonly plan: Plan;
  readonly job: Pick<BoundJob, 'description'>;
  readonly namespace: string;
  readonly folderOfJob: string;
  readonly now: Date;
  /** Null: the run begins. */
  readonly end: ReportedEnd | null;
}

/** What is told of a run's beginning or end. Null where its end is somebody else's: another process goes on with it. */
export function runEvent(options: RunEventOptions): RunEvent | null {
  const { plan, namespace, folderOfJob, now, end } = options;
  const eventType = typeOf(end);
  if (eventType === null) return null;
  const record = end?.result?.record ?? null;
  return {
    eventType,
    eventTime: now.toISOString(),
    producer: PRODUCER,
    schemaURL: SCHEMA_URL,
    run: { runId: runUuid(namespace, plan.job, plan.runId), facets: runFacets(plan, end, record) },
    job: { namespace, name: plan.job, facets: jobFacets(options) },
    inputs: inputDatasets(plan),
    outputs: outputDatasets(plan, { folderOfJob, record }),
  };
}

/** A run that is committed is complete, whoever keeps it from its readers. */
function typeOf(end: ReportedEnd | null): RunEvent['eventType'] | null {
  if (end === null) return 'START';
  if (end.result !== null) return 'COMPLETE';
  if (!isNoFailure(end.error)) return 'FAIL';
  return isSignal(end.error) ? 'ABORT' : null;
}

function isSignal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['SIGINT', 'SIGTERM'].includes(String(error.code));
}

function runFacets(plan: Plan, end: ReportedEnd | null, record: RunRecord | null): Facets {
  const { occurrence, modelSha256, inputFingerprint, specSha256 } = plan.identity;
  const error = end === null ? null : end.result === null ? end.error : end.result.publishError;
  const message = error instanceof Error ? error.message : error === null ? null : String(error);
  return {
    processing_engine: facet.processingEngine({ name: 'serve-batch', version: ownVersion() }),
    ...(occurrence === null ? {} : { nominalTime: facet.nominalTime({ nominalStartTime: occurrence }) }),
    ...(message === null
      ? {}
      : { errorMessage: facet.errorMessage({ message, programmingLanguage: 'JavaScript' }) }),
    serveBatch_run: facet.own({
      ...{ runId: plan.runId, modelSha256, inputFingerprint, specSha256 },
      ...(record === null ? {} : resultOf(record)),
    }),
  };
}

function resultOf({ status, rowsIn, rowsOut, rejects, coverage, gates }: RunRecord) {
  return {
    ...{ status, rowsIn, rowsOut, rejects },
    ...(coverage === undefined ? {} : { coverage }),
    ...(gates === undefined ? {} : { gates: gates.map(({ name, verdict }) => ({ name, verdict })) }),
  };
}

function jobFacets({ plan, job: { description } }: RunEventOptions): Facets {
  const { select } = plan.features;
  return {
    jobType: facet.jobType({ processingType: 'BATCH', integration: 'SERVE_BATCH', jobType: 'JOB' }),
    ...(description === null ? {} : { documentation: facet.documentation({ description }) }),
    ...(select === null ? {} : { sql: facet.sql({ query: select.sql, dialect: 'duckdb' }) }),
  };
}
