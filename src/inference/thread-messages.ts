import type { SerializedError } from '../core/errors.ts';
import type { ModelSignature } from '../core/model.ts';
import type { SessionOptions, TensorValue } from './model-session.ts';

/** What a thread that has a model is started with. */
export interface ThreadStart {
  readonly path: string;
  /** Where its file is on this machine. */
  readonly file: string;
  readonly options: SessionOptions;
}

/** One call; null: close the model and end. */
export type ToThread = {
  readonly feeds: readonly (readonly [string, TensorValue])[];
  readonly outputs: readonly string[];
} | null;

/** First that the model is open, then one answer for each call, in order. */
export type FromThread =
  | { readonly opened: ModelSignature }
  | { readonly values: readonly (readonly [string, TensorValue])[] }
  /** The message of what ONNX Runtime threw. */
  | { readonly failed: string }
  | { readonly error: SerializedError };
