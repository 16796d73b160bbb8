import { ServeBatchError } from '../../core/errors.ts';
import { describeTensor } from '../../core/model.ts';
import type { InputBinding } from '../../core/plan.ts';
import { widthOf } from '../../features/bind-inputs.ts';
import { runtimeReason } from '../../inference/runtime-reason.ts';
import type { NoCall } from './find-call.ts';
import type { TrialModel } from './trial-model.ts';
import { pickRows, type TrialRows } from './trial-rows.ts';

/** A model that leaves its columns open is asked for so many, at most. */
const MOST_COLUMNS = 1024;
const SEARCH_MS = 1000;

/**
 * Why a model fails on every row that it is tried on. It is not the rows' fault, but the model's, or that of
 * the columns which are bound to it: `SCHEMA_MISMATCH` where it takes another number of them, otherwise
 * `MODEL_FAILED`.
 */
export async function modelFailure(
  model: TrialModel,
  bindings: readonly InputBinding[],
  { failure, tried }: NoCall,
): Promise<ServeBatchError> {
  const { path, signature } = model.session;
  const wider = await takenColumns(model, bindings);
  const reason = runtimeReason(failure);
  if (wider !== null) {
    const { binding, columns, atLeast } = wider;
    const spec = signature.inputs.find(({ name }) => name === binding.input);
    return new ServeBatchError(
      'SCHEMA_MISMATCH',
      `The model ${path} takes ${atLeast ? 'at least ' : ''}${count(columns, 'column')} for its input "${binding.input}" (${spec === undefined ? '' : describeTensor(spec)}); it gets ${binding.columns.length} (${binding.columns.join(', ')}). It fails on every row: ${reason}. Name its columns in order in features.columns (or --features a,b,c).`,
      { cause: failure, fields: { input: binding.input, columns: binding.columns } },
    );
  }
  const given = bindings.map(
    ({ input, elementType, columns }) => `"${input}" as ${elementType} from ${columns.join(', ')}`,
  );
  return new ServeBatchError(
    'MODEL_FAILED',
    `The model ${path} fails on every row it was tried on (${tried === 1 ? '1 row' : `the first ${tried} rows`}): ${reason}. It got ${given.join('; ')}. Rows differ, so look at the model and at the columns bound to it: their order, number and types in features.`,
    { cause: failure },
  );
}

interface TakenColumns {
  readonly binding: InputBinding;
  readonly columns: number;
  readonly atLeast: boolean;
}

/** How many columns a model takes that does not say it: found by calls with zeros. Null: it is not the columns. */
async function takenColumns(
  model: TrialModel,
  bindings: readonly InputBinding[],
): Promise<TakenColumns | null> {
  const open = bindings.filter(({ input, rowShape }) => {
    const spec = model.session.signature.inputs.find(({ name }) => name === input);
    return spec !== undefined && widthOf(spec) === null && rowShape.length === 1;
  });
  const [binding] = open;
  if (binding === undefined || open.length > 1) return null;
  const endsAt = performance.now() + SEARCH_MS;
  for (let columns = 1; columns <= MOST_COLUMNS && performance.now() < endsAt; columns++)
    if (columns !== binding.columns.length && (await takes(model, binding, columns)))
      return { binding, columns, atLeast: await takes(model, binding, columns + 1) };
  return null;
}

async function takes(model: TrialModel, { input }: InputBinding, columns: number): Promise<boolean> {
  try {
    await model.on(withColumns(model.rows, input, columns)).call([0, 0]);
    return true;
  } catch {
    return false;
  }
}

/** One row, with so many values of one input. */
function withColumns(rows: TrialRows, input: string, columns: number): TrialRows {
  const feeds = new Map(pickRows(rows, [0]));
  const tensor = feeds.get(input);
  if (tensor === undefined) return rows;
  const { data } = pickRows(rows, Array<number>(columns).fill(0)).get(input) ?? tensor;
  const values = Array.isArray(data) ? data.slice(0, columns) : data.slice(0, columns);
  return { rows: 1, feeds: feeds.set(input, { data: values, dims: [1, columns] }) };
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
