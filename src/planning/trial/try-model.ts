import { ServeBatchError } from '../../core/errors.ts';
import { describeTensor, type TensorSpec } from '../../core/model.ts';
import type { Session } from '../../inference/session.ts';
import type { Database } from '../../source/duckdb/database.ts';
import type { RowsPlan } from '../../source/shard-rows.ts';
import { type FoundCall, findCall } from './find-call.ts';
import { modelFailure } from './model-failure.ts';
import { type ObservedShapes, widthOfRows } from './output-rows.ts';
import { findDependence, type RowDependence } from './row-dependence.ts';
import { spread, TrialModel } from './trial-model.ts';
import { readTrialRows } from './trial-rows.ts';

/** What trying the model on the first rows of the input showed. */
export interface Trial {
  /** Rows that every call must have; null: any number. */
  readonly rowsPerCall: number | null;
  /** Values a row, by output. */
  readonly widths: ReadonlyMap<string, number>;
  /** Sentences on what does not hold for this model. */
  readonly warnings: readonly string[];
}

/**
 * The trial: calls the model with two different numbers of rows, to see which dimension of each output is
 * the rows, and again with the same and with other neighbours, to see whether a row's answer is its own.
 * Null where the input has no usable row among its first ones.
 *
 * Throws `MODEL_UNSUPPORTED` where an output has no rows or not as its first dimension, `SCHEMA_MISMATCH` or
 * `MODEL_FAILED` where the model takes none of the rows.
 */
export async function tryModel(request: {
  readonly database: Database;
  readonly session: Session;
  readonly plan: RowsPlan;
  /** Those that the job uses. */
  readonly outputs: readonly TensorSpec[];
}): Promise<Trial | null> {
  const { database, session, plan, outputs } = request;
  const { bindings } = plan.features;
  const rows = await readTrialRows(database, plan);
  if (rows === null) return null;
  const model = new TrialModel(
    session,
    rows,
    outputs.map(({ name }) => name),
  );
  const call = await findCall(model, bindings[0]?.fixedRows ?? null, declaredRows(outputs));
  if (!('usable' in call)) throw await modelFailure(model, bindings, call);
  const shapes = await observeShapes(model, call);
  const widths = widthsOf(shapes, outputs);
  const dependence = await findDependence(model, call.usable, Math.max(...call.counts));
  assertRowsFirst(session, dependence, shapes);
  return { rowsPerCall: call.rowsPerCall, widths, warnings: warningsOf(dependence) };
}

/** Fixed first dimensions of outputs, where they are more than one row. */
function declaredRows(outputs: readonly TensorSpec[]): number[] {
  const first = outputs.flatMap(({ shape }) => (typeof shape?.[0] === 'number' ? [shape[0]] : []));
  return [...new Set(first)].filter((rows) => rows > 1);
}

async function observeShapes(
  model: TrialModel,
  { counts, usable }: FoundCall,
): Promise<ReadonlyMap<string, ObservedShapes>> {
  const shapes = new Map<string, Map<number, readonly number[]>>();
  for (const count of counts)
    for (const [name, { dims }] of await model.call(spread(usable, count)))
      shapes.set(name, (shapes.get(name) ?? new Map()).set(count, dims));
  return shapes;
}

function widthsOf(
  shapes: ReadonlyMap<string, ObservedShapes>,
  outputs: readonly TensorSpec[],
): ReadonlyMap<string, number> {
  const found = outputs.map(({ name }) => [name, widthOfRows(shapes.get(name) ?? new Map())] as const);
  const widths = found.flatMap(([name, width]) =>
    typeof width === 'number' ? [[name, width] as const] : [],
  );
  const bad = found.find(([, width]) => typeof width === 'string');
  if (bad === undefined) return new Map(widths);
  throw unusableOutput(
    bad[0],
    String(bad[1]),
    widths.map(([name]) => name),
  );
}

function unusableOutput(name: string, why: string, usable: readonly string[]): ServeBatchError {
  const cure =
    usable.length === 0 ? '' : `, or use the other outputs only: model.outputs: [${usable.join(', ')}]`;
  return new ServeBatchError(
    'MODEL_UNSUPPORTED',
    `The model output "${name}" ${why}. Expected the rows as its first dimension, or [1, rows]. Export the model with the rows first (a Transpose before the output)${cure}.`,
    { fields: { output: name } },
  );
}

/**
 * Rows that look at each other are the model's business, and a warning. But where another dimension may as
 * well be the rows, they most likely are no rows: of `[sequence, rows, k]` the first dimension is not.
 */
function assertRowsFirst(
  { signature }: Session,
  { neighbours }: RowDependence,
  shapes: ReadonlyMap<string, ObservedShapes>,
): void {
  const [mixed] = neighbours;
  if (mixed === undefined) return;
  const input = signature.inputs.find(
    ({ shape }) =>
      shape !== null && shape.length > 2 && shape.slice(1).some((dim) => typeof dim !== 'number'),
  );
  const [[rows, dims] = [0, []], ...others] = shapes.get(mixed) ?? [];
  const isSquare = others.length === 0 && dims.filter((size) => size === rows).length > 1;
  if (input === undefined && !isSquare) return;
  const what =
    input === undefined
      ? `output "${mixed}" is [${dims.join(', ')}] for ${rows} rows`
      : `input "${input.name}" is ${describeTensor(input)}`;
  throw new ServeBatchError(
    'MODEL_UNSUPPORTED',
    `The model ${what}, and its first dimension does not behave as rows: what is in one changes the output "${mixed}" of the others. Export the model with the rows first (batch_first), and with all other dimensions fixed.`,
    { fields: { output: mixed } },
  );
}

function warningsOf({ random, neighbours, place }: RowDependence): string[] {
  const list = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');
  if (random.length > 0)
    return [
      `the model is not deterministic: two calls with the same rows gave different values of ${list(random)}. The same run computed again gives other predictions; look for random operators, or dropout in training mode`,
    ];
  if (neighbours.length > 0)
    return [
      `the model's rows depend on each other: ${list(neighbours)} of a row changes with the rows that share its call. Predictions depend on the batch size, on the order of the rows and on rejects; look for operators over the first dimension, dynamic quantisation, or batch normalisation in training mode`,
    ];
  if (place.length > 0)
    return [
      `the model's answer for a row depends on the row's place in its call: ${list(place)} changes with it. Predictions depend on the batch size, on the order of the rows and on rejects`,
    ];
  return [];
}
