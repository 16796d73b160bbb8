import type { ModelSignature } from '../core/model.ts';
import type { TensorValue } from './model-session.ts';
import type { RowLimit } from './row-limit.ts';

/** A loaded model, wherever it computes. */
export interface Session {
  readonly path: string;
  readonly signature: ModelSignature;
  /** Of a device with a memory of its own; null: the CPU. */
  readonly rowLimit: RowLimit | null;
  /** Scores one batch. Throws what ONNX Runtime throws. */
  run(
    feeds: ReadonlyMap<string, TensorValue>,
    outputs: readonly string[],
  ): Promise<ReadonlyMap<string, TensorValue>>;
  close(): Promise<void>;
}
