import { ServeBatchError, serializeError } from '../core/errors.ts';
import { ChildState } from './child-state.ts';
import { TASK_HANDLERS, type TaskEffects } from './child-tasks.ts';
import type { FromChild, TaskName, ToChild } from './tasks.ts';

/** Between two messages about rows that were scored, in milliseconds. */
const ROWS_REPORT_MS = 50;

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

/** Tells the parent of rows that were scored: at once of the first, then a few times a second. */
class RowReport {
  readonly #id: number;
  #rows = 0;
  #nextMs = 0;

  constructor(id: number) {
    this.#id = id;
  }

  add(rows: number): void {
    this.#rows += rows;
    const now = performance.now();
    if (now < this.#nextMs) return;
    this.#nextMs = now + ROWS_REPORT_MS;
    this.flush();
  }

  flush(): void {
    if (this.#rows > 0) send({ id: this.#id, rows: this.#rows });
    this.#rows = 0;
  }
}

async function serve({ id, task, request }: ToChild): Promise<void> {
  const report = new RowReport(id);
  const effects: TaskEffects = {
    now: () => new Date(),
    onRows: (rows) => report.add(rows),
    assertWanted,
    signal: abort.signal,
  };
  tasksAtWork++;
  try {
    const result = await handle(task, request, effects);
    report.flush();
    send({ id, result });
  } catch (error) {
    report.flush();
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
// They reach the whole process group, Ctrl-C always, SIGTERM from systemd and others: the parent decides what
// becomes of the children.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('disconnect', () => {
  // Nobody waits for the task. DuckDB deadlocks where it is closed under a running query, and exit() then
  // waits for it for ever; what is half done is as after any crash.
  if (tasksAtWork > 0 || state.loads.isBusy) process.kill(process.pid, 'SIGKILL');
  abort.abort();
  void state.close().finally(() => process.exit(0));
});
// The parent may be gone before this module was loaded.
if (!process.connected) process.exit(0);
