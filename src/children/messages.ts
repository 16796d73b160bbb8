import type { SerializedError } from '../core/errors.ts';
import type { TraceContext } from '../core/tracing.ts';
import type { TaskName } from '../tasks/tasks.ts';
import type { WorkPlace } from '../tasks/workers.ts';

/** What the parent sends: where the next tasks are done, a task, or that it is no longer wanted. */
export type ToChild =
  | { readonly place: WorkPlace }
  | {
      readonly id: number;
      readonly task: TaskName;
      readonly request: unknown;
      /** What it is a part of; left out where nobody follows. */
      readonly trace?: TraceContext | undefined;
    }
  | { readonly stop: number };

/** What a child sends of a task: rows that were scored, and how it ended. */
export type FromChild =
  | { readonly id: number; readonly rows: number }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: SerializedError };
