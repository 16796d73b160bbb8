import type { TensorData } from '../core/tensor-data.ts';
import type { FeatureBatch } from '../features/feature-batch.ts';
import type { PredictionTable } from '../sinks/parquet/prediction-table.ts';
import { type Chunk, streamChunks } from '../source/duckdb/chunk-stream.ts';
import { BatchScorer } from './batch-scorer.ts';
import { requiredColumns } from './feature-columns.ts';
import type { PartRequest } from './part/write-part.ts';
import { findInvalid, type InvalidRow } from './rejects/invalid-rows.ts';
import { ScoringQueue } from './scoring-queue.ts';

export interface ScoreRequest extends Omit<PartRequest<unknown>, 'take'> {
  /** One; two where the next is filled while a device computes. */
  readonly batches: readonly [FeatureBatch, ...FeatureBatch[]];
  readonly predictions: PredictionTable;
}

/**
 * Streams the rows of a shard through the model into the prediction table, which then has one row for
 * each of them.
 */
export async function scoreShard(request: ScoreRequest): Promise<readonly InvalidRow[]> {
  const { plan, rows, predictions, timer, stopAt } = request;
  const required = requiredColumns(plan);
  const list = required.map(({ sql }, index) => `${sql} AS f${index}`).join(', ');
  const invalid: InvalidRow[] = [];
  const scorer = newScorer(request);
  const sink = newSink(request, invalid);
  let position = 0;

  const queue = new ScoringQueue(request.batches, async (batch) => {
    request.assertWanted();
    await scorer.score(batch, sink);
    request.onRows(batch.rows);
    batch.clear();
  });
  try {
    for await (const chunk of timedChunks(`SELECT ${list} FROM ${rows.from}`, request)) {
      invalid.push(...(await fillFrom(chunk, position, queue, request)));
      position += chunk.rows;
      if (invalid.length >= stopAt) break;
    }
    await queue.flush();
    await queue.drain();
  } catch (error) {
    if (!(error instanceof EnoughFailed)) throw error;
  } finally {
    await queue.settle();
  }
  predictions.appendRejected(rows.rows - predictions.rows);
  timer.add(
    'write',
    timeOf(() => predictions.close()),
  );
  return invalid.sort((a, b) => a.position - b.position);
}

/** Puts the good rows of a chunk into batches, and answers the others. `position` is that of its first row. */
async function fillFrom(
  chunk: Chunk,
  position: number,
  queue: ScoringQueue,
  { timer, onRows }: ScoreRequest,
): Promise<readonly InvalidRow[]> {
  const invalid: InvalidRow[] = [];
  const start = performance.now();
  const bad = findInvalid(chunk.columns, chunk.rows);
  timer.add('features', performance.now() - start);
  for (const { from, to, column } of runsOf(chunk.rows, bad)) {
    if (column !== null) {
      invalid.push({ position: position + from, requiredColumn: column, modelError: null });
      onRows(1);
      continue;
    }
    for (let row = from; row < to; ) {
      const batch = queue.current;
      const fill = Math.min(to - row, batch.capacity - batch.rows);
      const copyStart = performance.now();
      batch.append(chunk, row, row + fill, position + row);
      timer.add('features', performance.now() - copyStart);
      row += fill;
      if (batch.isFull) await queue.flush();
    }
  }
  return invalid;
}

function newScorer({ session, plan, latency, timer }: ScoreRequest): BatchScorer {
  return new BatchScorer({
    session,
    bindings: plan.output.predictions,
    fixedRows: plan.features.bindings[0]?.fixedRows ?? null,
    onCall: (ms) => {
      latency.record(ms);
      timer.add('infer', ms);
    },
  });
}

/** Ends the scoring of a shard. */
class EnoughFailed extends Error {}

/** Rows come in order; whatever lies between two scored pieces was rejected. */
function newSink({ predictions, timer, stopAt }: ScoreRequest, invalid: InvalidRow[]) {
  return {
    scored(outputs: readonly TensorData[], from: number, to: number, position: number): void {
      const start = performance.now();
      predictions.appendRejected(position - predictions.rows);
      predictions.appendScored(outputs, from, to);
      timer.add('write', performance.now() - start);
    },
    failed(position: number, reason: string): void {
      invalid.push({ position, requiredColumn: null, modelError: reason });
      // A model that fails on every row is not called for each of them.
      if (invalid.length >= stopAt) throw new EnoughFailed();
    },
  };
}

async function* timedChunks(sql: string, { database, rows, timer }: ScoreRequest): AsyncGenerator<Chunk> {
  const chunks = streamChunks(database, sql);
  try {
    for (;;) {
      const start = performance.now();
      const next = await chunks.next();
      timer.add('read', performance.now() - start);
      if (next.done === true) return;
      yield next.value;
    }
  } catch (error) {
    throw await rows.explain(error);
  } finally {
    await chunks.return(undefined);
  }
}

/** Pieces of good rows, and bad rows one by one. */
function* runsOf(
  rows: number,
  bad: Int32Array | null,
): Generator<{ readonly from: number; readonly to: number; readonly column: number | null }> {
  if (bad === null) {
    yield { from: 0, to: rows, column: null };
    return;
  }
  let from = 0;
  for (let row = 0; row < rows; row++) {
    const column = bad[row] ?? -1;
    if (column === -1) continue;
    if (row > from) yield { from, to: row, column: null };
    yield { from: row, to: row + 1, column };
    from = row + 1;
  }
  if (from < rows) yield { from, to: rows, column: null };
}

function timeOf(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
