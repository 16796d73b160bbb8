/** serve-batch as a library: run jobs, and answer requests from what they published. */

export { bindJob, type JobBinding } from './config/bind-job.ts';
export type { BoundJob, JobSpec } from './config/job-spec.ts';
export { type LoadedJob, type LoadOptions, loadJob } from './config/load-job.ts';
export { adHocJob, overrideJob } from './config/override-job.ts';
export type { RunFlags } from './config/run-flags.ts';
export {
  type Effects,
  type Log,
  type Progress,
  silentLog,
  silentProgress,
  systemClock,
} from './core/effects.ts';
export { type ErrorCode, EXIT, ServeBatchError } from './core/errors.ts';
export type { DraftPlan, Plan } from './core/plan.ts';
export type { NothingNew } from './jobs/incremental/nothing-new.ts';
export { type PlanJobResult, planOnly as planJob } from './jobs/plan/plan-only.ts';
export { runJob } from './jobs/run-job.ts';
export type { RanJob, RunJobOptions, RunJobResult } from './jobs/run-job-options.ts';
export {
  createLookup,
  type Lookup,
  type LookupOptions,
  type Prediction,
  type Series,
} from './lookup/lookup.ts';
export type { RunRecord } from './runs/record/run-record.ts';
