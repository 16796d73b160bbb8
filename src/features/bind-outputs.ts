import { ServeBatchError } from '../core/errors.ts';
import { describeTensor, type ModelSignature, type TensorSpec } from '../core/model.ts';
import type { PredictionBinding } from '../core/plan.ts';
import { suggestion } from '../core/text/nearest.ts';

export interface BindOutputsRequest {
  readonly signature: ModelSignature;
  /** Outputs to use; null: all that are tensors. */
  readonly outputs: readonly string[] | null;
  /** Column names by output name. */
  readonly rename: Readonly<Record<string, string>>;
  /** How a `[rows, k]` output is laid down; columns of a classifier's scores are named by its labels. */
  readonly vectors: 'list' | 'columns';
  /** Names that are taken by columns kept from the input. */
  readonly keptColumns: readonly string[];
  /** Values a row, by output, as the trial showed; empty where the input has no row to try. */
  readonly observedWidths: ReadonlyMap<string, number>;
}

/** Decides which columns the model's outputs become. Throws `SCHEMA_MISMATCH`. */
export function bindOutputs(request: BindOutputsRequest): readonly PredictionBinding[] {
  const bindings = usedOutputs(request.signature, request.outputs).map((output) =>
    bindOutput(output, request),
  );
  assertKnownRenames(request);
  assertDistinct(bindings, request);
  return bindings;
}

/** The outputs that a job uses. Throws `SCHEMA_MISMATCH` for one that the model does not have or cannot give. */
export function usedOutputs(
  signature: ModelSignature,
  wanted: readonly string[] | null,
): readonly TensorSpec[] {
  if (wanted === null) return signature.outputs;
  return wanted.map((name) => {
    const output = signature.outputs.find((each) => each.name === name);
    if (output !== undefined) return output;
    const skipped = signature.skippedOutputs.find((each) => each.name === name);
    const names = signature.outputs.map((each) => each.name);
    const why = skipped === undefined ? 'the model does not have it' : `it is ${skipped.reason}`;
    throw new ServeBatchError(
      'SCHEMA_MISMATCH',
      `model.outputs names "${name}", but ${why}. Outputs that can be used: ${names.join(', ')}.${suggestion(name, names)}`,
    );
  });
}

/** Values a row of an output as the model declares it, or null where only a call can tell. */
function declaredWidth({ shape }: TensorSpec): number | null {
  if (shape === null || shape.length === 0) return null;
  let width = 1;
  for (const dim of shape.slice(1)) {
    if (typeof dim !== 'number') return null;
    width *= dim;
  }
  return width;
}

function bindOutput(output: TensorSpec, request: BindOutputsRequest): PredictionBinding {
  const width = request.observedWidths.get(output.name) ?? declaredWidth(output) ?? 1;
  const name = request.rename[output.name] ?? output.name;
  const shape = width === 1 ? 'scalar' : request.vectors;
  const classes = request.signature.classes?.[output.name];
  const labels = classes?.kind === 'scores' && isNaming(classes.labels, width) ? classes.labels : null;
  const places = labels ?? Array.from({ length: width }, (_, index) => String(index));
  const columns = shape === 'columns' ? places.map((place) => `${name}_${place}`) : [name];
  return {
    ...{ output: output.name, elementType: output.elementType, width, shape, columns },
    ...(labels === null || shape === 'scalar' ? {} : { labels }),
    ...(classes?.kind === 'label' ? { isLabel: true as const } : {}),
  };
}

/** Whether each value has a label, which differs from the others in more than the case of its letters. */
function isNaming(labels: readonly string[], width: number): boolean {
  return labels.length === width && new Set(labels.map((label) => label.toLowerCase())).size === width;
}

function assertKnownRenames({ rename, signature }: BindOutputsRequest): void {
  const names = signature.outputs.map(({ name }) => name);
  for (const name of Object.keys(rename)) {
    if (names.includes(name)) continue;
    throw new ServeBatchError(
      'SCHEMA_MISMATCH',
      `output.rename names the model output "${name}", which the model does not have (it has ${names.join(', ')}).${suggestion(name, names)}`,
    );
  }
}

function assertDistinct(bindings: readonly PredictionBinding[], request: BindOutputsRequest): void {
  // Readers such as DuckDB and Spark compare column names without case.
  const taken = new Map(
    request.keptColumns.map((name) => [name.toLowerCase(), 'a column kept from the input']),
  );
  for (const { output, columns } of bindings) {
    for (const column of columns) {
      const other = taken.get(column.toLowerCase());
      if (other !== undefined) {
        const spec = request.signature.outputs.find(({ name }) => name === output);
        throw new ServeBatchError(
          'SCHEMA_MISMATCH',
          `The model output "${output}" (${spec === undefined ? '' : describeTensor(spec)}) would be written as column "${column}", which is ${other}. Give it another name: output.rename: {${output}: prediction}.`,
        );
      }
      taken.set(column.toLowerCase(), `the output "${output}"`);
    }
  }
}
