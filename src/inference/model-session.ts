import './disable-telemetry.ts';
import { dirname } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { ServeBatchError } from '../core/errors.ts';
import type { DevicePlan } from '../core/machine/device.ts';
import type { ElementType, ModelSignature } from '../core/model.ts';
import type { TensorData } from '../core/tensor-data.ts';
import { executionProviders } from './devices/execution-providers.ts';
import { loadFailure } from './load-failure.ts';
import { localModel } from './local-model.ts';
import { parseOnnxFile } from './onnx-file.ts';
import { readOnnxFile } from './read-onnx-file.ts';
import { readSignature } from './read-signature.ts';
import { runtimeReason } from './runtime-reason.ts';
import type { Session } from './session.ts';

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
  readonly #inputTypes: ReadonlyMap<string, ElementType>;

  private constructor(path: string, session: InferenceSession, signature: ModelSignature) {
    this.path = path;
    this.#session = session;
    this.signature = signature;
    this.#inputTypes = new Map(signature.inputs.map((input) => [input.name, input.elementType]));
  }

  /** Throws `MODEL_NOT_FOUND`, `MODEL_UNREADABLE`, `MODEL_UNSUPPORTED` or `DEVICE_UNAVAILABLE`. */
  static async open(path: string, options: SessionOptions): Promise<ModelSession> {
    const file = await readOnnxFile(path);
    const session = await loadSession(path, await localModel(path), options);
    return new ModelSession(path, session, readSignature(path, session, file));
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
    const tensors: Record<string, Tensor> = {};
    for (const [name, { data, dims }] of feeds)
      tensors[name] = new Tensor(this.#inputTypes.get(name) ?? 'float32', data as Float32Array, dims);
    const results = await this.#session.run(tensors, outputs);
    const values = new Map<string, TensorValue>();
    for (const name of outputs) {
      const tensor = results[name];
      if (tensor !== undefined) values.set(name, { data: tensor.data as TensorData, dims: tensor.dims });
    }
    return values;
  }

  /** Writes the file that `profilePrefix` begins. */
  endProfiling(): void {
    this.#session.endProfiling();
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

async function loadSession(
  name: string,
  model: string | Uint8Array,
  options: SessionOptions,
): Promise<InferenceSession> {
  const { threads, device, wholly = false, profilePrefix } = options;
  // A copy of a model in a bucket is known by its address.
  const named = (text: string): string =>
    typeof model === 'string' && model !== name ? text.replaceAll(dirname(model), dirname(name)) : text;
  try {
    return await InferenceSession.create(model as string, {
      executionProviders: executionProviders(device),
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 4,
      // Spinning threads would take the cores from the other children. ONNX Runtime wants text here.
      extra: {
        session: { intra_op: { allow_spinning: '0' }, ...(wholly ? { disable_cpu_ep_fallback: '1' } : {}) },
      },
      ...(profilePrefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: profilePrefix }),
    });
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
