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
  /** Run anew even where the same run is finished. */
  readonly force: boolean;
  /** Of an input that grows: take everything, whatever was taken before. */
  readonly full?: boolean;
  readonly effects: Effects;
  /** Takes secrets out of what goes to the run's log. Default: nothing is taken out. */
  readonly mask?: (text: string) => string;
  /** Gives up at once: children are killed. */
  readonly signal: AbortSignal;
  /** Asks the run to end soon: no shard starts any more, those under way finish, then its reason is thrown. */
  readonly drain?: AbortSignal;
  /** Nothing is computed where any run of the same occurrence is committed, whatever its input was. */
  readonly oncePerOccurrence?: boolean;
  /**
   * `unless newer`: the run is committed only, where one of a newer occurrence is published. `never`: it is a candidate,
   * which only `publish` brings to readers. Default: `always`.
   */
  readonly publish?: PublishRule;
  /** The job is a candidate of this one, under a name of its own. Null, and by default: it is a job itself. */
  readonly candidateOf?: string | null;
  /**
   * Asked, with the lock held, whether what the run waits for is there; null: it waits for nothing. What is read
   * later is what was there then: the input had been identified before.
   */
  readonly checkReady?: () => Promise<Readiness | null>;
  /** Told of the run while it has the job's lock. */
  readonly witness?: RunWitness;
  /** Tells programs of the run. Default: nobody is told. */
  readonly reporter?: RunReporter;
  /** Read where an input path is `-`. */
  readonly stdin?: NodeJS.ReadableStream;
  /** Who does the work; it is ended with the run. Default: child processes. */
  readonly startWorkers?: StartWorkers;
}

export type PublishRule = 'always' | 'unless newer' | 'never';

/** Keeps account of runs: all it writes is written under the job's lock, before others can look. */
export interface RunWitness {
  /** The lock is held, and nothing is done yet. What it throws ends the run. */
  begins(readiness: Readiness | null): Promise<void>;
  /** The run has ended, well or not. The lock is still held. */
  ends(end: RunEnd): Promise<void>;
}

export type RunEnd = { readonly result: RunJobResult } | { readonly result: null; readonly error: unknown };

/** `computed`: shards were run. `published`: a finished run was published (again). `up to date`: nothing to do. */
export type RunJobOutcome = 'computed' | 'published' | 'up to date' | 'rolled back';

export type RunJobResult = RanJob | NothingNew;

export interface RanJob {
  readonly outcome: RunJobOutcome;
  readonly record: RunRecord;
  /** The newer occurrence that readers see, for which the run is only committed, as `publish` says; null: none. */
  readonly overtakenBy: string | null;
  /** Why a committed run is not published: its store, or its coverage. It is thrown by those who want it as an error. */
  readonly publishError: ServeBatchError | null;
}
