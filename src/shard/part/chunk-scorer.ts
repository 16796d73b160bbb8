import type { Plan } from '../../core/plan.ts';
import type { TensorData } from '../../core/tensor-data.ts';
import type { ColumnScorer, ColumnValues } from '../../inference/session.ts';
import { CHUNK_ROWS, type PredictionColumn } from '../../sinks/parquet/prediction-column.ts';
import type { AnswerFields } from '../../source/duckdb/call-vectors.ts';
import { type Chunk, type ChunkColumn, isAllValid } from '../../source/duckdb/chunk-stream.ts';
import { findInvalid, type InvalidRow } from '../rejects/invalid-rows.ts';
import type { PartRequest } from './write-part.ts';

/** Ends the scoring of a shard. */
export class EnoughInvalid extends Error {}

/** The rows that come are not those of the shard, one each and in order. */
export class RowsDiffer extends Error {}

type ChunkRequest = Omit<PartRequest<unknown>, 'take'>;

/**
 * Scores the chunks of a shard as DuckDB asks for them. A chunk has the positions of its rows in the shard, then
 * the required columns; the answer has the predictions, then, where rows may be rejected, whether it could be scored.
 */
export class ChunkScorer {
  readonly invalid: InvalidRow[] = [];
  rows = 0;
  /** Milliseconds that the answers took. */
  ms = 0;
  readonly #request: ChunkRequest;
  readonly #scorer: ColumnScorer;
  readonly #predictions: readonly PredictionColumn[];
  readonly #firstColumns: ReadonlyMap<string, number>;

  constructor(request: ChunkRequest, scorer: ColumnScorer, predictions: readonly PredictionColumn[]) {
    this.#request = request;
    this.#scorer = scorer;
    this.#predictions = predictions;
    this.#firstColumns = firstColumns(request.plan);
  }

  /** Throws what `assertWanted` throws, `RowsDiffer`, and `EnoughInvalid`. */
  answer({ rows, columns: [positions, ...columns] }: Chunk, fields: AnswerFields): void {
    const { timer, onRows, assertWanted, stopAt } = this.#request;
    assertWanted();
    const start = performance.now();
    if (this.#request.rows.asTheyCome === true) assertFull(this.rows);
    assertPlaces(positions, this.rows, rows);
    const outputs = this.#score(columns, rows);
    const scored = performance.now();
    this.#predictions.forEach((prediction, index) => {
      fields.set(index, prediction.valuesOf(outputs.get(prediction.binding.output) ?? [], rows));
    });
    const bad = findInvalid(columns, rows);
    if (bad !== null) this.#note(bad);
    if (mayReject(this.#request)) fields.set(this.#predictions.length, scoredOf(bad, rows));
    this.rows += rows;
    const end = performance.now();
    timer.add('features', end - scored);
    this.ms += end - start;
    onRows(rows);
    if (this.invalid.length >= stopAt) throw new EnoughInvalid();
  }

  /** Rows that are not valid are scored with the others, as whatever stands in their place: nobody sees it. */
  #score(columns: readonly ChunkColumn[], rows: number): ReadonlyMap<string, TensorData> {
    const start = performance.now();
    const outputs = this.#scorer.score((input, column) => this.#valuesOf(columns, input, column), rows);
    const ms = performance.now() - start;
    this.#request.latency.record(ms);
    this.#request.timer.add('infer', ms);
    return outputs;
  }

  #valuesOf(columns: readonly ChunkColumn[], input: string, column: number): ColumnValues {
    return columns[(this.#firstColumns.get(input) ?? 0) + column]?.values ?? [];
  }

  #note(bad: Int32Array): void {
    bad.forEach((column, row) => {
      if (column !== -1)
        this.invalid.push({ position: this.rows + row, requiredColumn: column, modelError: null });
    });
  }
}

/** Whether a part may be taken though not all rows could be scored. */
export function mayReject({ stopAt }: Pick<ChunkRequest, 'stopAt'>): boolean {
  return stopAt > 1;
}

/** The bytes of a part depend on where its chunks end: each but the last has to be full, as those of sorted rows are. */
function assertFull(rowsBefore: number): void {
  if (rowsBefore % CHUNK_ROWS !== 0) throw new RowsDiffer(`a chunk ends at row ${rowsBefore}`);
}

/** Positions are whole numbers of 64 bits, of which a shard needs half. */
function assertPlaces(positions: ChunkColumn | undefined, first: number, rows: number): void {
  const values = positions?.values as BigInt64Array;
  const halves = new Int32Array(values.buffer, values.byteOffset, 2 * rows);
  let isOrdered = isAllValid({ validity: positions?.validity ?? null }, rows);
  for (let row = 0; row < rows; row++)
    if (halves[2 * row] !== first + row || halves[2 * row + 1] !== 0) isOrdered = false;
  if (!isOrdered) throw new RowsDiffer(`rows ${first} to ${first + rows} are other ones`);
}

/** By input: the index of its first column among the required ones. */
function firstColumns({ features }: Plan): ReadonlyMap<string, number> {
  let first = 0;
  return new Map(
    features.bindings.map(({ input, columns }) => {
      first += columns.length;
      return [input, first - columns.length] as const;
    }),
  );
}

function scoredOf(bad: Int32Array | null, rows: number): Uint8Array {
  return bad === null
    ? new Uint8Array(rows).fill(1)
    : Uint8Array.from(bad, (column) => (column === -1 ? 1 : 0));
}
