import { ServeBatchError } from '../core/errors.ts';
import {
  describeTensor,
  ELEMENT_TYPES,
  type ElementType,
  type ModelSignature,
  type SkippedOutput,
  type TensorSpec,
} from '../core/model.ts';
import type { OnnxFile } from './onnx/onnx-file.ts';

/** As onnxruntime-node tells it. */
type ValueMetadata =
  | { readonly name: string; readonly isTensor: false }
  | {
      readonly name: string;
      readonly isTensor: true;
      readonly type: string;
      readonly shape: readonly (number | string)[];
    };

/** What a loaded model takes and gives. Throws `MODEL_UNSUPPORTED`. */
export function readSignature(
  path: string,
  session: {
    readonly inputMetadata: readonly ValueMetadata[];
    readonly outputMetadata: readonly ValueMetadata[];
  },
  { metadata, withoutShape, classes }: Pick<OnnxFile, 'metadata' | 'withoutShape' | 'classes'>,
): ModelSignature {
  const outputs: TensorSpec[] = [];
  const skippedOutputs: SkippedOutput[] = [];
  for (const output of session.outputMetadata) {
    const reason = unsupportedReason(output);
    if (reason === null) outputs.push(withOpenDimensions(tensorSpec(output, withoutShape)));
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
  const empty = session.inputMetadata.find((input) => input.isTensor && input.shape.includes(0));
  if (empty !== undefined)
    throw new ServeBatchError(
      'MODEL_UNSUPPORTED',
      `The model ${path} takes no rows: its input "${empty.name}" has a dimension 0 (${describeTensor(tensorSpec(empty, withoutShape))}), which ONNX Runtime takes for a size. Export it with that dimension open.`,
      { fields: { model: path, input: empty.name } },
    );
  if (outputs.length === 0) {
    throw new ServeBatchError(
      'MODEL_UNSUPPORTED',
      `The model ${path} has no output that can become a column: ${skippedOutputs.map(({ name, reason }) => `"${name}" is ${reason}`).join('; ')}. Export it with tensor outputs (for scikit-learn: zipmap=False).`,
      { fields: { model: path } },
    );
  }
  return {
    inputs: session.inputMetadata.map((input) => tensorSpec(input, withoutShape)),
    outputs,
    skippedOutputs,
    featureNames: parseFeatureNames(metadata.get('feature_names')),
    ...(Object.keys(classes).length === 0 ? {} : { classes }),
  };
}

function unsupportedReason(value: ValueMetadata): string | null {
  if (!value.isTensor)
    return 'not a tensor but a sequence or a map (a ZipMap, most likely: export the model with zipmap=False to keep it)';
  return (ELEMENT_TYPES as readonly string[]).includes(value.type) ? null : `a tensor of ${value.type}`;
}

function tensorSpec(value: ValueMetadata, withoutShape: ReadonlySet<string>): TensorSpec {
  if (!value.isTensor) throw new TypeError(`${value.name} is not a tensor`);
  return {
    name: value.name,
    elementType: value.type as ElementType,
    shape:
      value.shape.length === 0 && withoutShape.has(value.name)
        ? null
        : value.shape.map((dim) => (dim === '' || dim === -1 ? null : dim)),
  };
}

/** Some exporters write 0 for an open dimension of an output. */
function withOpenDimensions(output: TensorSpec): TensorSpec {
  return { ...output, shape: output.shape?.map((dim) => (dim === 0 ? null : dim)) ?? null };
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
