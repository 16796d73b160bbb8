import type { ServeBatchError } from '../core/errors.ts';
import type { TaskName, TaskRequest, TaskResult } from './tasks.ts';

/**
 * Where the work of one job is done. A worker is told it once: tasks name runs and files relative to the
 * job's folder, and say nothing of the machine that gives them.
 */
export interface WorkPlace {
  /** The folder of the job, or a temporary one. */
  readonly folder: string;
  /** The address in a bucket that the folder shows; left out: it is a folder of this machine. */
  readonly bucket?: string;
  /** The address of the store that tasks load, with its password; null: they load none. */
  readonly storeUrl: string | null;
}

export interface TaskOptions {
  /** Told of rows as they are scored. */
  readonly onRows?: (rows: number) => void;
  /**
   * Stops this task: one that waits is never begun, one at work is asked to stop. The task then throws the
   * signal's reason.
   */
  readonly signal?: AbortSignal;
}

/** Those who do tasks: child processes here, and whatever else takes tasks in JSON. */
export interface Workers {
  /**
   * Has a worker do a task, as soon as one is free. Throws what the task throws, `CHILD_DIED` where the worker
   * is lost, and the signal's reason.
   */
  run<N extends TaskName>(task: N, request: TaskRequest<N>, options?: TaskOptions): Promise<TaskResult<N>>;
  /** As {@link run}, for tasks that may be done twice: where a worker is lost, another one gets the task. */
  runRetrying<N extends TaskName>(
    task: N,
    request: TaskRequest<N>,
    options?: TaskOptions,
  ): Promise<TaskResult<N>>;
  /** Has each worker that has done a task do this one. Those that are lost meanwhile give nothing. */
  runInAll<N extends TaskName>(task: N, request: TaskRequest<N>): Promise<readonly TaskResult<N>[]>;
}

/**
 * Workers as the one who started them sees them, and who closes them, before the job's lock is released.
 *
 * Once they are closed, or the signal is aborted, no task is begun and no worker started; tasks that wait or
 * are at work throw at once.
 */
export interface OwnedWorkers extends Workers {
  /** Starts so many now, or all: their libraries load while other things are done. */
  warmUp(workers?: number): void;
  /** Ends the workers and waits until they have ended. Closing twice is harmless. */
  close(): Promise<void>;
}

export interface WorkersOptions {
  /** Tasks at work at once, at most. */
  readonly size: number;
  readonly place: WorkPlace;
  /** Whether a worker may have to speak TLS, with the certificates that the user trusts. Left out: it may. */
  readonly usesTls?: boolean;
  /** Ends everything at once. */
  readonly signal: AbortSignal;
  /** Told of each worker that is lost while it is wanted. */
  readonly onDied?: (error: ServeBatchError) => void;
  /** Told of each line that a worker writes to its standard error. */
  readonly onSaid?: (line: string) => void;
}

export type StartWorkers = (options: WorkersOptions) => OwnedWorkers;

/** Where a program gets its workers from. */
export interface WorkerSource {
  /** Starts one before it is known what for; the next call of {@link start} takes it. */
  prepare(): void;
  readonly start: StartWorkers;
  /** Ends what was prepared and never taken. */
  close(): Promise<void>;
}
