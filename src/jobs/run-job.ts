import { toServeBatchError } from '../core/errors.ts';
import { whileHeld } from '../runs/lock/under-lock.ts';
import { timeLimitsOf, withinTimeLimit } from './limits/time-limit.ts';
import type { LockedRun } from './locked-run.ts';
import type { RunEnd, RunJobOptions, RunJobResult } from './run-job-options.ts';
import { runLocked } from './run-locked.ts';
import { withLockedRun } from './with-locked-run.ts';

/**
 * Runs a job: plan, shards, commit, publish, under the job's lock. Whatever ends it, the published run
 * stays as it was until the new one is complete, and the same call later continues where this one ended.
 */
export function runJob(options: RunJobOptions): Promise<RunJobResult> {
  const { spec, signal } = options;
  return withinTimeLimit(timeLimitsOf(spec), spec.name, signal, (limited) =>
    withLockedRun({ ...options, signal: limited }, (locked) => runWitnessed(locked, options), {
      computesHere: spec.execution.queue === null,
    }),
  );
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
