// First, so that the bundle has it first, too.
import './disable-telemetry.ts';
import { dirname } from 'node:path';
import { ServeBatchError } from '../core/errors.ts';
import type { DevicePlan } from '../core/machine/device.ts';
import type { ModelSignature } from '../core/model.ts';
import type { TensorData } from '../core/tensor-data.ts';
import { loadFailure } from './load-failure.ts';
import { localModel } from './local-model.ts';
import { MOST_BYTES, ModelAtOnce } from './model-at-once.ts';
import { readModelFile } from './model-file.ts';
import { parseOnnxFile } from './onnx/onnx-file.ts';
import { onnxFileOf } from './onnx/read-onnx-file.ts';
import { InferenceSession } from './onnxruntime.ts';
import { readSignature } from './read-signature.ts';
import { runtimeOptions } from './runtime-options.ts';
import { runtimeReason } from './runtime-reason.ts';
import type { RunAtOnce, Session } from './session.ts';
import { tensorsOf, valuesOf } from './tensor-values.ts';

export interface SessionOptions {
  /** Threads of one call on the CPU. */
  readonly threads: number;
  /** Where it computes; the CPU where it is left out. */
  readonly device?: Pick<DevicePlan, 'name' | 'options'>;
  /** Fails where any node of the graph would be left to the CPU. */
  readonly wholly?: boolean;
  /** Where a profile is written, as the beginning of a file's path: for a few calls, not for a run. */
  readonly profilePrefix?: string;
}

/** One tensor of a call: its values and its shape, batch dimension first. */
export interface TensorValue {
  readonly data: TensorData;
  readonly dims: readonly number[];
}

/**
 * A loaded model. `run` blocks the event loop of its process while it computes, and a native fault ends
 * the process: use it in child processes only.
 */
export class ModelSession implements Session {
  readonly path: string;
  readonly signature: ModelSignature;
  readonly rowLimit = null;
  readonly columns = null;
  readonly #session: InferenceSession;
  readonly #openAtOnce: () => ModelAtOnce | null;
  #atOnce: ModelAtOnce | null | undefined;

  private constructor(
    path: string,
    session: InferenceSession,
    signature: ModelSignature,
    openAtOnce: () => ModelAtOnce | null = () => null,
  ) {
    this.path = path;
    this.#session = session;
    this.signature = signature;
    this.#openAtOnce = openAtOnce;
  }

  /** Throws `MODEL_NOT_FOUND`, `MODEL_UNREADABLE`, `MODEL_UNSUPPORTED` or `DEVICE_UNAVAILABLE`. */
  static async open(path: string, options: SessionOptions): Promise<ModelSession> {
    const bytes = await readModelFile(path);
    const found = onnxFileOf(path, bytes);
    const session = await loadSession(path, await localModel(path), options);
    const signature = readSignature(path, session, found);
    const isSmall = bytes.length <= MOST_BYTES && options.device === undefined && options.threads === 1;
    if (!isSmall) return new ModelSession(path, session, signature);
    return new ModelSession(path, session, signature, () => ModelAtOnce.open(bytes, signature, options));
  }

  /** Opens a model that lies in memory; `name` stands for its path in messages. */
  static async openBytes(name: string, bytes: Uint8Array, options: SessionOptions): Promise<ModelSession> {
    const session = await loadSession(name, bytes, options);
    return new ModelSession(name, session, readSignature(name, session, parseOnnxFile(bytes)));
  }

  /**
   * Scores one batch. Only `outputs` are fetched: fetching one that is not a tensor throws, and some
   * kinds abort the process. Throws what ONNX Runtime throws.
   */
  async run(
    feeds: ReadonlyMap<string, TensorValue>,
    outputs: readonly string[],
  ): Promise<ReadonlyMap<string, TensorValue>> {
    return valuesOf(await this.#session.run(tensorsOf(this.signature, feeds), outputs), outputs);
  }

  /** Opened when it is first asked for: planning needs none. */
  get atOnce(): RunAtOnce | null {
    if (this.#atOnce === undefined) this.#atOnce = this.#openAtOnce();
    const model = this.#atOnce;
    return model === null ? null : (feeds, outputs) => model.run(feeds, outputs);
  }

  /** Writes the file that `profilePrefix` begins. */
  endProfiling(): void {
    this.#session.endProfiling();
  }

  async close(): Promise<void> {
    this.#atOnce?.close();
    await this.#session.release();
  }
}

async function loadSession(
  name: string,
  model: string | Uint8Array,
  options: SessionOptions,
): Promise<InferenceSession> {
  const { device } = options;
  // A copy of a model in a bucket is known by its address.
  const named = (text: string): string =>
    typeof model === 'string' && model !== name ? text.replaceAll(dirname(model), dirname(name)) : text;
  try {
    return await InferenceSession.create(model as string, runtimeOptions(options));
  } catch (error) {
    if (device !== undefined && device.name !== 'cpu')
      throw new ServeBatchError(
        'DEVICE_UNAVAILABLE',
        `ONNX Runtime cannot load ${name} on ${device.name}: ${named(runtimeReason(error))}.`,
        { cause: error, fields: { model: name, device: device.name } },
      );
    throw new ServeBatchError(
      'MODEL_UNREADABLE',
      `ONNX Runtime cannot load ${name}: ${named(loadFailure(error))}`,
      { cause: error, fields: { model: name } },
    );
  }
}
