import { firstLine, ServeBatchError } from '../core/errors.ts';
import type { PredictionBinding } from '../core/plan.ts';
import type { TensorData } from '../core/tensor-data.ts';
import type { FeatureBatch } from '../features/feature-batch.ts';
import { rowWidth } from '../features/row-width.ts';
import { isDeviceLost, isOutOfDeviceMemory } from '../inference/row-limit.ts';
import type { Session } from '../inference/session.ts';
import { type CallRows, callRows, middleOf } from './call-rows.ts';

/** Receives what became of the rows of a batch, in order. */
export interface ScoreSink {
  /** Rows `from` to `to` (exclusive) of `outputs`; the first stands at `position` in the shard. */
  scored(outputs: readonly TensorData[], from: number, to: number, position: number): void;
  /** The model ends with an error for this row alone. */
  failed(position: number, reason: string): void;
}

/** Calls the model batch by batch. */
export class BatchScorer {
  readonly #session: Session;
  readonly #bindings: readonly PredictionBinding[];
  readonly #outputNames: readonly string[];
  readonly #fixedRows: number | null;
  readonly #onCall: (ms: number) => void;

  constructor(options: {
    readonly session: Session;
    readonly bindings: readonly PredictionBinding[];
    readonly fixedRows: number | null;
    /** Told the duration of each model call in milliseconds. */
    readonly onCall: (ms: number) => void;
  }) {
    this.#session = options.session;
    this.#bindings = options.bindings;
    this.#outputNames = options.bindings.map(({ output }) => output);
    this.#fixedRows = options.fixedRows;
    this.#onCall = options.onCall;
  }

  /**
   * Scores rows `from` to `to` (exclusive) of a batch, by default all. Rows that the model fails on are
   * told one by one; throws for wrong shapes.
   */
  async score(batch: FeatureBatch, sink: ScoreSink, from = 0, to = batch.rows): Promise<void> {
    if (to > from) await this.#scoreRange(batch, from, to, sink);
  }

  /** One bad row (a category that the model does not know) fails its whole call: halve until it stands alone. */
  async #scoreRange(batch: FeatureBatch, from: number, to: number, sink: ScoreSink): Promise<void> {
    const most = this.#session.rowLimit?.rowsOf(batch.capacity) ?? batch.capacity;
    if (to - from > most) {
      await this.#scoreRange(batch, from, from + most, sink);
      return this.#scoreRange(batch, from + most, to, sink);
    }
    const call = this.#callRows(batch, from, to);
    let outputs: readonly TensorData[];
    try {
      outputs = await this.#call(batch, from, to, call);
    } catch (error) {
      if (error instanceof ServeBatchError) throw error;
      if (this.#session.rowLimit !== null && isOutOfDeviceMemory(error)) {
        const rows = call.end - call.start;
        if (this.#fixedRows === null && this.#session.rowLimit.halve(rows))
          return this.#scoreRange(batch, from, to, sink);
        throw deviceFailed(`has no memory for a call of ${rows} rows`, error);
      }
      if (this.#session.rowLimit !== null && isDeviceLost(error)) throw deviceFailed('failed', error);
      if (to - from === 1) return this.#scoreAlone(batch, from, call, error, sink);
      const middle = middleOf(from, to);
      await this.#scoreRange(batch, from, middle, sink);
      await this.#scoreRange(batch, middle, to, sink);
      return;
    }
    this.#emit(batch, from, to, outputs, call.start, sink);
  }

  /** Some models take one row a call, whatever they declare: a row that fails among copies is tried alone. */
  async #scoreAlone(
    batch: FeatureBatch,
    row: number,
    tried: CallRows,
    failure: unknown,
    sink: ScoreSink,
  ): Promise<void> {
    const hadCopies = this.#fixedRows === null && tried.end - tried.start > 1;
    let outputs: readonly TensorData[] | null = null;
    let error = failure;
    if (hadCopies) {
      try {
        outputs = await this.#call(batch, row, row + 1, { start: row, end: row + 1 });
      } catch (again) {
        if (again instanceof ServeBatchError) throw again;
        error = again;
      }
    }
    if (outputs !== null) this.#emit(batch, row, row + 1, outputs, row, sink);
    else
      sink.failed(
        batch.positions[row] ?? 0,
        firstLine(error instanceof Error ? error.message : String(error)),
      );
  }

  #callRows(batch: FeatureBatch, from: number, to: number): CallRows {
    if (this.#fixedRows !== null) return { start: from, end: from + this.#fixedRows };
    const { rowLimit } = this.#session;
    // A device may compile its kernels again for another shape.
    if (rowLimit !== null) return { start: from, end: from + rowLimit.rowsOf(batch.capacity) };
    return callRows(from, to, batch.capacity);
  }

  async #call(batch: FeatureBatch, from: number, to: number, call: CallRows): Promise<readonly TensorData[]> {
    const modelRows = call.end - call.start;
    const feeds = batch.tensors(from, to, modelRows, from - call.start);
    let start = performance.now();
    // The runtime computes in the next immediate: what this process does before, for a store, is not its time.
    setImmediate(() => {
      start = performance.now();
    });
    const results = await this.#session.run(feeds, this.#outputNames);
    this.#onCall(performance.now() - start);
    return this.#bindings.map(({ output, width }) => {
      const value = results.get(output);
      if (value !== undefined && rowWidth(value.dims, modelRows) === width) return value.data;
      throw new ServeBatchError(
        'MODEL_FAILED',
        `The model output "${output}" has the shape [${value?.dims.join(', ')}] for ${modelRows} rows; expected ${width} ${width === 1 ? 'value' : 'values'} a row. Leave it out with model.outputs, or export the model with a batch dimension.`,
      );
    });
  }

  /** Rows that follow each other in the shard go to the sink in one piece. `outputs` begin with row `callStart`. */
  #emit(
    batch: FeatureBatch,
    from: number,
    to: number,
    outputs: readonly TensorData[],
    callStart: number,
    sink: ScoreSink,
  ): void {
    let start = from;
    for (let row = from + 1; row <= to; row++) {
      const breaks = row === to || batch.positions[row] !== (batch.positions[row - 1] ?? 0) + 1;
      if (!breaks) continue;
      sink.scored(outputs, start - callStart, row - callStart, batch.positions[start] ?? 0);
      start = row;
    }
  }
}

/** What has nothing to do with the rows: they are not tried one by one, and not rejected. */
function deviceFailed(how: string, error: unknown): ServeBatchError {
  const reason = firstLine(error instanceof Error ? error.message : String(error));
  return new ServeBatchError(
    'DEVICE_FAILED',
    `The device ${how}: ${reason}. Run again: committed shards are kept. If it fails again, give a smaller --batch-size, or start over with --device cpu --no-resume.`,
    { cause: error },
  );
}
