import { ServeBatchError, serializeError } from '../core/errors.ts';
import { ChildState } from './child-state.ts';
import { TASK_HANDLERS, type TaskEffects } from './child-tasks.ts';
import type { FromChild, TaskName, ToChild } from './tasks.ts';

/**
 * The process that works: one task at a time, as the parent asks. It ends when the parent is gone.
 *
 * Run by the pool with `child_process.fork`; everything about a run is in its plan, so that a child
 * that dies is simply replaced.
 */
const state = new ChildState();
const abort = new AbortController();
let tasksAtWork = 0;

function send(message: FromChild): void {
  // A parent that is gone cannot be told: the callback keeps that from being an unhandled error.
  if (process.connected) process.send?.(message, () => {});
}

function assertWanted(): void {
  if (!process.connected) throw new ServeBatchError('INTERNAL', 'The parent process is gone.');
}

async function serve({ id, task, request }: ToChild): Promise<void> {
  const effects: TaskEffects = {
    now: () => new Date(),
    onRows: (rows) => send({ id, rows }),
    assertWanted,
    signal: abort.signal,
  };
  tasksAtWork++;
  try {
    send({ id, result: await handle(task, request, effects) });
  } catch (error) {
    send({ id, error: serializeError(error) });
  } finally {
    tasksAtWork--;
  }
}

function handle(task: TaskName, request: unknown, effects: TaskEffects): Promise<unknown> {
  const handler = TASK_HANDLERS[task] as (
    state: ChildState,
    request: unknown,
    effects: TaskEffects,
  ) => Promise<unknown>;
  return handler(state, request, effects);
}

process.on('message', (message) => void serve(message as ToChild));
// Ctrl-C reaches the whole process group: the parent decides what becomes of the children.
process.on('SIGINT', () => {});
process.on('disconnect', () => {
  // Nobody waits for the task. DuckDB deadlocks where it is closed under a running query, and exit() then
  // waits for it for ever; what is half done is as after any crash.
  if (tasksAtWork > 0) process.kill(process.pid, 'SIGKILL');
  abort.abort();
  void state.close().finally(() => process.exit(0));
});
// The parent may be gone before this module was loaded.
if (!process.connected) process.exit(0);
