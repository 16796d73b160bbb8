import type { BoundJob } from '../config/job-spec.ts';
import type { AlertEvent } from '../config/sections/notify.ts';
import { type ErrorCode, ServeBatchError, toServeBatchError } from '../core/errors.ts';
import { lateRowsText } from '../core/incremental.ts';
import { formatCount, formatNumber } from '../core/text/amounts.ts';
import type { RunRecord } from '../runs/record/run-record.ts';
import type { RunJobResult } from './run-job-options.ts';

/** What somebody is told: the body of a webhook, the standard input of a command. */
export interface Alert {
  readonly event: AlertEvent;
  readonly job: string;
  /** ISO 8601 in UTC; null: the run was for none. */
  readonly occurrence: string | null;
  /** Null: there is no run yet. */
  readonly runId: string | null;
  readonly message: string;
  /** As in run.json or failure.json. */
  readonly record: RunRecord | null;
}

/** Whom a job names to be told. */
export type Told = Pick<BoundJob, 'name' | 'notify' | 'heartbeat'>;

/** Tells those whom the job names. Never throws: failing to tell fails nothing else. */
export interface Announcer {
  alert(spec: Told, alert: Alert): Promise<void>;
  /** Fetches the job's heartbeat. */
  success(spec: Told): Promise<void>;
}

type Subject = Pick<BoundJob, 'name' | 'occurrence'>;

/** What a run that came to its end gives to tell: it is not whole, or could not be published. Null: nothing. */
export function alertOfResult(spec: Subject, result: RunJobResult): Alert | null {
  if (result.record === null || result.outcome === 'up to date' || result.outcome === 'rolled back')
    return null;
  const { record, publishError } = result;
  const about = {
    job: spec.name,
    occurrence: spec.occurrence,
    runId: record.runId,
    record,
  };
  if (publishError !== null)
    return {
      ...about,
      event: isHeldBack(publishError) ? 'partial' : 'failed',
      message: `Run ${record.runId} of ${spec.name} is committed, but not published: ${publishError.message}`,
    };
  const missing = missingRows(record);
  if (missing.length === 0) return null;
  return {
    ...about,
    event: 'partial',
    message: `Run ${record.runId} of ${spec.name} is ${record.status} ${missing.join(' ')}`,
  };
}

/** Sentences that go on from the run's status. */
function missingRows(record: RunRecord): readonly string[] {
  const { rejects, rowsIn, incremental } = record;
  const late = lateRowsText(incremental);
  const rejected = `without ${formatCount(rejects)} of ${formatNumber(rowsIn, 'row')}, which were rejected. See its rejects/.`;
  return [
    ...(rejects === 0 ? [] : [rejected]),
    ...(late === null ? [] : [`${rejects === 0 ? 'without rows that came late: ' : ''}${late}.`]),
  ];
}

/** What a run that failed gives to tell. Null for signals and for a job that another process runs. */
export function alertOfError(spec: Subject, error: unknown, record: RunRecord | null): Alert | null {
  const failure = toServeBatchError(error);
  if (isNoFailure(failure)) return null;
  return {
    event: 'failed',
    job: spec.name,
    occurrence: spec.occurrence,
    runId: record?.runId ?? null,
    message: `${spec.name} failed: ${failure.message}`,
    record,
  };
}

/** What is wrong with the predictions themselves: publishing them again would end the same. */
const HELD_BACK: ReadonlySet<ErrorCode> = new Set([
  'COVERAGE_TOO_LOW',
  'GATE_FAILED',
  'DUPLICATE_KEYS',
  'NOTHING_SCORED',
]);

/** Whether a committed run is kept from its readers until somebody has looked at it. */
export function isHeldBack({ code }: ServeBatchError): boolean {
  return HELD_BACK.has(code);
}

/** Whether a run ended for a reason that says nothing of the job: it was asked to end, or another one runs it. */
export function isNoFailure(error: unknown): boolean {
  return error instanceof ServeBatchError && ['SIGINT', 'SIGTERM', 'LOCKED', 'FENCED'].includes(error.code);
}
