import { createRequire } from 'node:module';
import type { SessionOptions } from './model-session.ts';
import type { InferenceSession, Tensor } from './onnxruntime.ts';
import { runtimeOptions } from './runtime-options.ts';

/**
 * The session below that of onnxruntime-node, which promises what this one answers at once. onnxruntime-node publishes
 * none; the module that it makes its own calls with has it (docs/adr/0054-small-networks-in-the-statement.md).
 */
export interface NativeSession {
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

/** Null where ONNX Runtime has no such session. Throws what it throws for the model. */
export function openNativeSession(bytes: Uint8Array, options: SessionOptions): NativeSession | null {
  const session = newNativeSession();
  session?.loadModel(bytes.buffer, bytes.byteOffset, bytes.byteLength, runtimeOptions(options));
  return session;
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
