import type { Log } from '../core/effects.ts';
import type { Plan } from '../core/plan.ts';
import type { LockedJob } from './lock/locked-run.ts';
import type { RanJob } from './run-job-options.ts';

/** How a run ended, as far as one command goes. */
export type ReportedEnd = { readonly result: RanJob } | { readonly result: null; readonly error: unknown };

/** Tells programs of a job's runs. Never throws: failing to tell fails nothing else, and is logged. */
export interface RunReporter {
  /** A planned run begins, or goes on. */
  began(plan: Plan, log: Log): void;
  /** It has ended; the job's lock is still held. */
  ended(plan: Plan, end: ReportedEnd, log: Log): Promise<void>;
  /** The lock is released: what the output folder says is final. */
  released(log: Log): Promise<void>;
}

/** Does the work of a planned run, and tells of its beginning and its end. */
export async function reporting(
  { options }: Pick<LockedJob, 'options'>,
  plan: Plan,
  work: () => Promise<RanJob>,
): Promise<RanJob> {
  const { reporter, effects } = options;
  if (reporter === undefined) return work();
  reporter.began(plan, effects.log);
  let end: ReportedEnd;
  try {
    end = { result: await work() };
  } catch (error) {
    end = { result: null, error };
  }
  await reporter.ended(plan, end, effects.log);
  if (end.result === null) throw end.error;
  return end.result;
}

/** Does work that ends with the job's lock released, and tells of that. */
export async function reportingRelease<T>(
  { reporter, effects }: { readonly reporter?: RunReporter; readonly effects: { readonly log: Log } },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } finally {
    await reporter?.released(effects.log);
  }
}
