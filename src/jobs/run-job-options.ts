import type { BoundJob } from '../config/job-spec.ts';
import type { Effects } from '../core/effects.ts';
import type { ServeBatchError } from '../core/errors.ts';
import type { Readiness } from '../core/readiness.ts';
import type { RunRecord } from '../runs/record/run-record.ts';
import type { StartWorkers } from '../tasks/workers.ts';
import type { NothingNew } from './incremental/nothing-new.ts';
import type { RunReporter } from './run-reporter.ts';

export interface RunJobOptions {
  readonly spec: BoundJob;
  /** Continue an interrupted run of the same input, model and job. */
  readonly resume: boolean;
  /** Run again even if the same run is complete. */
  readonly force: boolean;
  /** For an incremental job: take all data again, not only new data. */
  readonly full?: boolean;
  readonly effects: Effects;
  /** Removes secrets from the run's log. Default: removes nothing. */
  readonly mask?: (text: string) => string;
  /** Ends the run at once: its children are killed. */
  readonly signal: AbortSignal;
  /** Ends the run soon: no further shard starts, shards in progress finish, and then the reason is thrown. */
  readonly drain?: AbortSignal;
  /** Compute nothing if any run of the same occurrence is committed, whatever its input was. */
  readonly oncePerOccurrence?: boolean;
  /**
   * `unless newer`: the run is committed but not published if a newer occurrence is published. `never`: it is a
   * candidate, which readers see only after `publish`. Default: `always`.
   */
  readonly publish?: PublishRule;
  /** The job that this one is a named candidate of. Null, the default, if it is not a candidate. */
  readonly candidateOf?: string | null;
  /**
   * Called under the lock: has the data that the run waits for arrived? Null: it waits for nothing. The run reads the
   * data as it was at this moment, because its input was identified before.
   */
  readonly checkReady?: () => Promise<Readiness | null>;
  /** Hears of the run while it holds the job's lock. */
  readonly witness?: RunWitness;
  /** Reports the run to other programs. Default: to none. */
  readonly reporter?: RunReporter;
  /** What an input path of `-` reads. */
  readonly stdin?: NodeJS.ReadableStream;
  /** Starts the workers, which end with the run. Default: child processes. */
  readonly startWorkers?: StartWorkers;
}

export type PublishRule = 'always' | 'unless newer' | 'never';

/** Keeps account of runs: all it writes is written under the job's lock, before others can look. */
export interface RunWitness {
  /** Called under the lock, before anything is done. An error that it throws ends the run. */
  begins(readiness: Readiness | null): Promise<void>;
  /** Called when the run has ended, successfully or not, still under the lock. */
  ends(end: RunEnd): Promise<void>;
}

export type RunEnd = { readonly result: RunJobResult } | { readonly result: null; readonly error: unknown };

/** `computed`: shards were run. `published`: a finished run was published (again). `up to date`: nothing to do. */
export type RunJobOutcome = 'computed' | 'published' | 'up to date' | 'rolled back';

export type RunJobResult = RanJob | NothingNew;

export interface RanJob {
  readonly outcome: RunJobOutcome;
  readonly record: RunRecord;
  /** The newer published occurrence because of which the run is only committed (`unless newer`); null: none. */
  readonly overtakenBy: string | null;
  /** Why a committed run is not published: its store, its coverage or a gate. Throw it if you want it as an error. */
  readonly publishError: ServeBatchError | null;
}
