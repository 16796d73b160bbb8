import { ServeBatchError, toServeBatchError } from '../core/errors.ts';
import { inSpan } from '../core/tracing.ts';
import { whileHeld } from '../runs/lock/under-lock.ts';
import { claimFolder } from './candidate-folder.ts';
import { unlessWriterStopped } from './limits/stopped-writer-limit.ts';
import { timeLimitsOf, withinTimeLimit } from './limits/time-limit.ts';
import type { LockedRun } from './lock/locked-run.ts';
import { runLocked } from './lock/run-locked.ts';
import { withLockedRun } from './lock/with-locked-run.ts';
import { storeUrlOf } from './plan/locations.ts';
import type { RunEnd, RunJobOptions, RunJobResult } from './run-job-options.ts';
import { reportingRelease } from './run-reporter.ts';

/**
 * Runs a job: plan, shards, commit, publish, under the job's lock. Whatever ends it, the published run
 * stays as it was until the new one is complete, and the same call later continues where this one ended.
 */
export async function runJob(options: RunJobOptions): Promise<RunJobResult> {
  const { spec, signal } = options;
  assertCandidatePossible(options);
  const attributes = { 'serve_batch.job': spec.name, 'serve_batch.occurrence': spec.occurrence };
  return inSpan({ name: `run ${spec.name}`, attributes }, async (span) => {
    const result = await reportingRelease(options, () =>
      withinTimeLimit(timeLimitsOf(spec), spec.name, signal, (limited) =>
        unlessWriterStopped({ storeUrl: storeUrlOf(spec), job: spec.name }, limited, (watched) =>
          withLockedRun({ ...options, signal: watched }, (locked) => runWitnessed(locked, options), {
            computesHere: spec.execution.queue === null,
          }),
        ),
      ),
    );
    span.set(attributesOf(result));
    return result;
  });
}

/** A candidate of an incremental job would take new data that the next run takes as well. */
function assertCandidatePossible({ spec, publish }: RunJobOptions): void {
  if (publish !== 'never' || spec.input.incremental === null) return;
  throw new ServeBatchError(
    'USAGE',
    `--no-publish is given, but the job ${spec.name} takes new data only (input.incremental): the next run would take the same data again. Give the candidate a name and data of its own with --as NAME.`,
    { fields: { job: spec.name } },
  );
}

function attributesOf({ outcome, record }: RunJobResult) {
  return {
    'serve_batch.outcome': outcome,
    ...(record === null
      ? {}
      : {
          'serve_batch.run_id': record.runId,
          'serve_batch.rows_out': record.rowsOut,
          'serve_batch.rejects': record.rejects,
        }),
  };
}

/** How the run ends stands in its log. */
async function runLogged(locked: LockedRun): Promise<RunJobResult> {
  const { runLog, options } = locked;
  runLog.note('info', 'a command begins', { job: options.spec.name, occurrence: options.spec.occurrence });
  try {
    const result = await whileHeld(locked.lock, () => runLocked(locked));
    const { outcome, record } = result;
    runLog.note('info', `the command ends: ${outcome}`, {
      ...(record === null ? {} : { status: record.status, rowsOut: record.rowsOut, rejects: record.rejects }),
    });
    if (result.outcome !== 'nothing new' && result.publishError !== null)
      runLog.note('error', result.publishError.message, { code: result.publishError.code });
    return result;
  } catch (error) {
    const { code, message } = toServeBatchError(error);
    runLog.note('error', message, { code });
    throw error;
  }
}

async function runWitnessed(locked: LockedRun, { drain, witness }: RunJobOptions): Promise<RunJobResult> {
  await claimFolder(locked);
  drain?.throwIfAborted();
  if (witness === undefined) return runLogged(locked);
  await witness.begins(locked.readiness);
  const end = await runLogged(locked).then(
    (result): RunEnd => ({ result }),
    (error: unknown): RunEnd => ({ result: null, error }),
  );
  await witness.ends(end);
  if (end.result === null) throw end.error;
  return end.result;
}
