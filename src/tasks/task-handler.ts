import type { TaskName, TaskRequest, TaskResult } from './tasks.ts';
import type { WorkerState } from './worker-state.ts';

export interface TaskEffects {
  readonly now: () => Date;
  readonly onRows: (rows: number) => void;
  /** Aborted where the task is no longer wanted. */
  readonly signal: AbortSignal;
}

/** How tasks are done. */
export type TaskHandlers<Names extends TaskName> = {
  readonly [N in Names]: (
    state: WorkerState,
    request: TaskRequest<N>,
    effects: TaskEffects,
  ) => Promise<TaskResult<N>>;
};
