import { createRequire } from 'node:module';
import type { ModelSignature } from '../core/model.ts';
import type { SessionOptions, TensorValue } from './model-session.ts';
import { parseOnnxGraph } from './onnx/onnx-graph.ts';
import { isRowWise } from './onnx/row-wise.ts';
import type { InferenceSession, Tensor } from './onnxruntime.ts';
import { runtimeOptions } from './runtime-options.ts';
import { tensorsOf, valuesOf } from './tensor-values.ts';

/** Of larger models the calls take so long that it matters little how rows come to them, and a second copy much memory. */
export const MOST_BYTES = 4 * 1024 * 1024;

/** The session below that of onnxruntime-node, which promises what this one answers at once. */
interface NativeSession {
  loadModel(
    buffer: ArrayBufferLike,
    byteOffset: number,
    byteLength: number,
    options: InferenceSession.SessionOptions,
  ): void;
  run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: Readonly<Record<string, null>>,
    options: object,
  ): Readonly<Record<string, Tensor>>;
  dispose(): void;
}

/**
 * A small model once more, for calls that are answered before they return. onnxruntime-node publishes none; the module
 * that it makes its own calls with has them, and is used where it is as known (docs/adr/0054-small-networks-in-the-statement.md).
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
      const session = newNativeSession();
      session?.loadModel(bytes.buffer, bytes.byteOffset, bytes.byteLength, runtimeOptions(options));
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

/** It is not published, so that another version may have none, or another one. */
function newNativeSession(): NativeSession | null {
  const { binding } = createRequire(import.meta.url)('onnxruntime-node/dist/binding.js') as {
    readonly binding?: { readonly InferenceSession?: new () => Partial<NativeSession> };
  };
  if (binding?.InferenceSession === undefined) return null;
  const session = new binding.InferenceSession();
  const { loadModel, run, dispose } = session;
  const isKnown = [loadModel, run, dispose].every((method) => typeof method === 'function');
  return isKnown ? (session as NativeSession) : null;
}
