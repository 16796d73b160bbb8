import type { ModelSignature } from '../core/model.ts';
import type { TensorData } from '../core/tensor-data.ts';
import type { TensorValue } from './model-session.ts';
import type { RowLimit } from './row-limit.ts';

/** A loaded model, wherever it computes. */
export interface Session {
  readonly path: string;
  readonly signature: ModelSignature;
  /** Of a device with a memory of its own; null: the CPU. */
  readonly rowLimit: RowLimit | null;
  /** Where it also takes rows column by column, and answers at once; null: in batches only. */
  readonly columns: ColumnScorer | null;
  /** As `run`, answered before it returns, of a model that scores each row as if it stood alone; left out: of none. */
  readonly atOnce?: RunAtOnce | null;
  /** Scores one batch. Throws what ONNX Runtime throws. */
  run(
    feeds: ReadonlyMap<string, TensorValue>,
    outputs: readonly string[],
  ): Promise<ReadonlyMap<string, TensorValue>>;
  close(): Promise<void>;
}

export type RunAtOnce = (
  feeds: ReadonlyMap<string, TensorValue>,
  outputs: readonly string[],
) => ReadonlyMap<string, TensorValue>;

/** The values of one column of a model input, already of its type. Booleans are bytes. */
export type ColumnValues = ArrayLike<number> | ArrayLike<bigint> | ArrayLike<string>;

/** A model that scores any number of rows at once, each as if it stood alone. No row makes it fail. */
export interface ColumnScorer {
  /** The values of each output, row-major, by its name. */
  score(
    columns: (input: string, column: number) => ColumnValues,
    rows: number,
  ): ReadonlyMap<string, TensorData>;
}
