import { serializeError } from '../core/errors.ts';
import { FOREIGN_MEMORY } from '../core/machine/foreign-memory.ts';
import { flushSpans, inSpan, type TraceContext } from '../core/tracing.ts';
import { mountAt } from '../runs/mirror/mount.ts';
import type { TaskEffects } from '../tasks/task-handler.ts';
import { TASK_HANDLERS } from '../tasks/task-handlers.ts';
import type { TaskName } from '../tasks/tasks.ts';
import { WorkerState } from '../tasks/worker-state.ts';
import type { WorkPlace } from '../tasks/workers.ts';
import type { FromChild, ToChild } from './messages.ts';

/** The parent kills a child that does not end. */
const FLUSH_PATIENCE_MS = 2_000;
/** Between two messages about rows that were scored, in milliseconds. */
const ROWS_REPORT_MS = 50;

/**
 * The process that works: one task at a time, as the parent asks. It ends when the parent is gone.
 *
 * Run by the pool with `child_process.fork`; everything about a run is in its plan, so that a child
 * that dies is simply replaced.
 */
let state = new WorkerState({ folder: '.', storeUrl: null });
const gone = new AbortController();
/** What is at work, and how it is stopped. */
const atWork = new Map<number, AbortController>();

function send(message: FromChild): void {
  // A parent that is gone cannot be told: the callback keeps that from being an unhandled error.
  if (process.connected) process.send?.(message, () => {});
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

async function serve(
  id: number,
  task: TaskName,
  request: unknown,
  trace: TraceContext | undefined,
): Promise<void> {
  const report = new RowReport(id);
  const stop = new AbortController();
  const effects: TaskEffects = {
    now: () => new Date(),
    onRows: (rows) => report.add(rows),
    signal: AbortSignal.any([stop.signal, gone.signal]),
  };
  atWork.set(id, stop);
  try {
    const result = await inSpan({ name: task, parent: trace }, () => handle(task, request, effects));
    report.flush();
    send({ id, result });
  } catch (error) {
    report.flush();
    send({ id, error: serializeError(error) });
  } finally {
    atWork.delete(id);
    FOREIGN_MEMORY.collectIfMuch();
  }
}

async function handle(task: TaskName, request: unknown, effects: TaskEffects): Promise<unknown> {
  const handler = TASK_HANDLERS[task] as (
    state: WorkerState,
    request: unknown,
    effects: TaskEffects,
  ) => Promise<unknown>;
  await moved;
  return handler(state, request, effects);
}

/** What was kept for one place is put away before the first task of another. */
let moved: Promise<void> = Promise.resolve();

function moveTo(place: WorkPlace): void {
  if (place.bucket !== undefined) mountAt(place.folder, place.bucket);
  const before = state;
  state = new WorkerState(place);
  moved = moved.then(() => before.close());
}

process.on('message', (message: ToChild) => {
  if ('place' in message) moveTo(message.place);
  else if ('stop' in message) atWork.get(message.stop)?.abort(new Error('The task is no longer wanted.'));
  else void serve(message.id, message.task, message.request, message.trace);
});
// They reach the whole process group, Ctrl-C always, SIGTERM from systemd and others: the parent decides what
// becomes of the children.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('disconnect', () => {
  // Nobody waits for the task. DuckDB deadlocks where it is closed under a running query, and exit() then
  // waits for it for ever; what is half done is as after any crash.
  if (atWork.size > 0 || state.loads.isBusy) process.kill(process.pid, 'SIGKILL');
  gone.abort();
  void state
    .close()
    .then(() => flushSpans(FLUSH_PATIENCE_MS))
    .finally(() => process.exit(0));
});
// The parent may be gone before this module was loaded.
if (!process.connected) process.exit(0);
