import './disable-telemetry.ts';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { firstLine, ServeBatchError } from '../core/errors.ts';
import {
  ELEMENT_TYPES,
  type ElementType,
  type ModelSignature,
  type SkippedOutput,
  type TensorSpec,
} from '../core/model.ts';
import type { TensorData } from '../core/tensor-data.ts';
import { readOnnxFile } from './onnx-file.ts';

/** One tensor of a call: its values and its shape, batch dimension first. */
export interface TensorValue {
  readonly data: TensorData;
  readonly dims: readonly number[];
}

/**
 * A loaded model. `run` blocks the event loop of its process while it computes, and a native fault ends
 * the process: use it in child processes only.
 */
export class ModelSession {
  readonly path: string;
  readonly signature: ModelSignature;
  readonly #session: InferenceSession;
  readonly #inputTypes: ReadonlyMap<string, ElementType>;

  private constructor(path: string, session: InferenceSession, signature: ModelSignature) {
    this.path = path;
    this.#session = session;
    this.signature = signature;
    this.#inputTypes = new Map(signature.inputs.map((input) => [input.name, input.elementType]));
  }

  /** Throws `MODEL_NOT_FOUND`, `MODEL_UNREADABLE` or `MODEL_UNSUPPORTED`. */
  static async open(path: string, options: { readonly threads: number }): Promise<ModelSession> {
    const file = await readOnnxFile(path);
    const session = await loadSession(path, options.threads);
    return new ModelSession(path, session, readSignature(path, session, file.metadata));
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

  async close(): Promise<void> {
    await this.#session.release();
  }
}

async function loadSession(path: string, threads: number): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(path, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 4,
      // Spinning threads would take the cores from the other children. ONNX Runtime wants text here.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    });
  } catch (error) {
    throw new ServeBatchError(
      'MODEL_UNREADABLE',
      `ONNX Runtime cannot load ${path}: ${loadReason(error)}. Expected an ONNX model whose operators ONNX Runtime knows and whose external data lies beside it; check the export (opset, operators, files).`,
      { cause: error, fields: { model: path } },
    );
  }
}

function loadReason(error: unknown): string {
  const text = firstLine(error instanceof Error ? error.message : String(error));
  return text
    .replace(/^Load model from .*? failed: ?/, '')
    .replace(/^\S*onnxruntime_src\S* [^)]*\)[^)]*\) ?/, '')
    .replace(/[.\s]+$/, '');
}

function readSignature(
  path: string,
  session: InferenceSession,
  metadata: ReadonlyMap<string, string>,
): ModelSignature {
  const outputs: TensorSpec[] = [];
  const skippedOutputs: SkippedOutput[] = [];
  for (const output of session.outputMetadata) {
    const reason = unsupportedReason(output);
    if (reason === null) outputs.push(tensorSpec(output));
    else skippedOutputs.push({ name: output.name, reason });
  }
  const bad = session.inputMetadata.filter((input) => unsupportedReason(input) !== null);
  if (bad.length > 0) {
    const list = bad.map((input) => `"${input.name}" is ${unsupportedReason(input)}`).join('; ');
    throw new ServeBatchError(
      'MODEL_UNSUPPORTED',
      `The model ${path} cannot be fed from a table: its input ${list}. Expected tensors of ${ELEMENT_TYPES.join(', ')}; export it with tensor inputs.`,
      { fields: { model: path } },
    );
  }
  if (outputs.length === 0) {
    throw new ServeBatchError(
      'MODEL_UNSUPPORTED',
      `The model ${path} has no output that can become a column: ${skippedOutputs.map(({ name, reason }) => `"${name}" is ${reason}`).join('; ')}. Export it with tensor outputs (for scikit-learn: zipmap=False).`,
      { fields: { model: path } },
    );
  }
  return {
    inputs: session.inputMetadata.map(tensorSpec),
    outputs,
    skippedOutputs,
    featureNames: parseFeatureNames(metadata.get('feature_names')),
  };
}

function unsupportedReason(value: InferenceSession.ValueMetadata): string | null {
  if (!value.isTensor) return 'not a tensor (a sequence or a map)';
  return (ELEMENT_TYPES as readonly string[]).includes(value.type) ? null : `a tensor of ${value.type}`;
}

function tensorSpec(value: InferenceSession.ValueMetadata): TensorSpec {
  if (!value.isTensor) throw new TypeError(`${value.name} is not a tensor`);
  return {
    name: value.name,
    elementType: value.type as ElementType,
    shape: value.shape.map((dim) => (dim === '' || dim === -1 ? null : dim)),
  };
}

/** `feature_names` as exporters write it: a JSON list, or names separated by commas. */
export function parseFeatureNames(text: string | undefined): readonly string[] | null {
  const trimmed = text?.trim();
  if (!trimmed) return null;
  if (trimmed.startsWith('[')) {
    try {
      const list: unknown = JSON.parse(trimmed);
      if (Array.isArray(list) && list.every((each) => typeof each === 'string')) return list;
    } catch {
      // Not JSON after all (Python's repr has single quotes): split it as text.
    }
    return splitNames(trimmed.slice(1, -1)).map((name) => name.replace(/^['"]|['"]$/g, ''));
  }
  return splitNames(trimmed);
}

function splitNames(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
