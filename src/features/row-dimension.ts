import { type Dimension, describeTensor, type TensorSpec } from '../core/model.ts';

/** How exporters call the dimension of the rows. */
const ROWS = /batch|rows|samples|^N$/i;

/** Rows that every call must have: a fixed first dimension of any input. Null: any number. */
export function fixedRowsOf(inputs: readonly TensorSpec[]): number | null {
  const [fixed] = fixedDimensions(inputs);
  return fixed?.rows ?? null;
}

/** Why the first dimension of the inputs cannot be the rows, as far as their declaration tells. */
export function rowProblems(inputs: readonly TensorSpec[]): string[] {
  const fixed = fixedDimensions(inputs);
  const [first, other] = [fixed[0], fixed.find(({ rows }) => rows !== fixed[0]?.rows)];
  const differ =
    first === undefined || other === undefined
      ? []
      : [
          `model input "${first.input}" takes ${first.rows} rows a call, and "${other.input}" ${other.rows}; expected the same number. Export the model with an open first dimension`,
        ];
  return [...differ, ...inputs.flatMap((input) => whyNotFirst(input) ?? [])];
}

function fixedDimensions(inputs: readonly TensorSpec[]): { readonly input: string; readonly rows: number }[] {
  return inputs.flatMap(({ name, shape }) => {
    const [first] = shape ?? [];
    return typeof first === 'number' ? [{ input: name, rows: first }] : [];
  });
}

/** Why the rows are not the first dimension of an input; undefined: they may well be. */
function whyNotFirst(input: TensorSpec): string | undefined {
  const [first, ...rest] = input.shape ?? [];
  const named = rest.find((dim) => typeof dim === 'string' && ROWS.test(dim));
  const what = `model input "${input.name}" is ${describeTensor(input)}`;
  const cure = 'Export the model with the rows as the first dimension (batch_first), and the others fixed';
  // A fixed 1 is one row a call: the open dimension can only be columns, or that row.
  if (typeof first === 'number' && first !== 1 && rest.some((dim) => typeof dim !== 'number'))
    return `${what}: its first dimension is a fixed ${first} and another one is open, so that the first cannot be the rows. ${cure}`;
  if (named === undefined || isRows(first)) return undefined;
  return `${what}: its rows seem to be the dimension "${named}", not the first. ${cure}`;
}

/** A fixed 1 in front is one row a call, whatever comes after it. */
function isRows(first: Dimension | undefined): boolean {
  return first === 1 || (typeof first === 'string' && ROWS.test(first));
}
