import type { ModelSignature } from '../core/model.ts';
import type { SessionOptions, TensorValue } from './model-session.ts';
import { type NativeSession, openNativeSession } from './native-session.ts';
import { parseOnnxGraph } from './onnx/onnx-graph.ts';
import { isRowWise } from './onnx/row-wise.ts';
import { tensorsOf, valuesOf } from './tensor-values.ts';

/** Of larger models the calls take so long that it matters little how rows come to them, and a second copy much memory. */
export const MOST_BYTES = 4 * 1024 * 1024;

/**
 * A small model once more, for calls that are answered before they return.
 */
export class ModelAtOnce {
  readonly #session: NativeSession;
  readonly #signature: ModelSignature;

  private constructor(session: NativeSession, signature: ModelSignature) {
    this.#session = session;
    this.#signature = signature;
  }

  /** Null where ONNX Runtime has no such call, and for a model whose answers may depend on which rows share a call. */
  static open(bytes: Uint8Array, signature: ModelSignature, options: SessionOptions): ModelAtOnce | null {
    try {
      if (!isRowWise(parseOnnxGraph(bytes), signature)) return null;
      const session = openNativeSession(bytes, options);
      return session === null ? null : new ModelAtOnce(session, signature);
    } catch {
      // The usual session scores it, or says what is wrong.
      return null;
    }
  }

  /** As {@link ModelSession.run}. Throws what ONNX Runtime throws. */
  run(feeds: ReadonlyMap<string, TensorValue>, outputs: readonly string[]): ReadonlyMap<string, TensorValue> {
    const fetches = Object.fromEntries(outputs.map((name) => [name, null]));
    return valuesOf(this.#session.run(tensorsOf(this.#signature, feeds), fetches, {}), outputs);
  }

  close(): void {
    this.#session.dispose();
  }
}
