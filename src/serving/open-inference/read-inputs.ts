import { ServeBatchError } from '../../core/errors.ts';
import type { Columns } from '../../lookup/column-text.ts';
import type { Cell } from '../../shard/live/live-question.ts';
import { type Datatype, isFloat, isInRange, isInteger } from './datatypes.ts';
import type { InputTensor } from './infer-request.ts';
import type { TensorMetadata } from './model-tensors.ts';

/** The keys that the tensors of a request name. Throws `USAGE` that names the tensor. */
export function readInputs(
  inputs: readonly InputTensor[],
  wanted: readonly TensorMetadata[],
  mostKeys: number,
): readonly Columns[] {
  checkNames(inputs, wanted);
  const rows = rowsOf(inputs, mostKeys);
  const columns = wanted.map((tensor) => {
    const input = inputs.find(({ name }) => name === tensor.name);
    if (input === undefined) throw wrongInput(tensor.name, `is missing. Give ${namesOf(wanted)}`);
    return [tensor.name, textsOf(input, tensor, rows)] as const;
  });
  return Array.from({ length: rows }, (_, row) =>
    Object.fromEntries(columns.map(([name, texts]) => [name, texts[row] ?? ''])),
  );
}

function checkNames(inputs: readonly InputTensor[], wanted: readonly TensorMetadata[]): void {
  for (const { name } of inputs)
    if (!wanted.some((tensor) => tensor.name === name))
      throw wrongInput(name, `is not one of the model. Give ${namesOf(wanted)}`);
  refuseTwice(inputs.map(({ name }) => name));
}

/** Throws `USAGE` for a name that stands twice in a list. */
export function refuseTwice(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw wrongInput(twice, 'is given twice. Give it once');
}

/** How many rows the tensors have: each as many, of one value. Throws `USAGE`. */
export function rowsOf(inputs: readonly InputTensor[], mostKeys: number): number {
  const rows = inputs[0]?.shape[0] ?? 0;
  for (const { name, shape } of inputs) {
    if (shape.length < 1 || shape.length > 2 || (shape[1] ?? 1) !== 1)
      throw wrongInput(name, `has the shape [${shape}]; expected [rows] or [rows, 1]`);
    if (shape[0] !== rows)
      throw wrongInput(
        name,
        `has ${shape[0]} rows, and "${inputs[0]?.name}" has ${rows}. Give them the same number`,
      );
    if (rows < 1 || rows > mostKeys) throw wrongInput(name, `has ${rows} rows; expected 1 to ${mostKeys}`);
  }
  return rows;
}

/** The values of a column as texts, which keys are made of. Throws `USAGE`. */
export function textsOf(input: InputTensor, wanted: TensorMetadata, rows: number): readonly string[] {
  return valuesOf(input, wanted, rows).map((value, index) =>
    String(scalarOf(value, input.datatype, () => `${input.name}[${index}]`)),
  );
}

/** The values of a column of rows; null is a missing value. Throws `USAGE`. */
export function cellsOf(input: InputTensor, wanted: TensorMetadata | null, rows: number): readonly Cell[] {
  return cellsOfData(input, valuesOf(input, wanted, rows));
}

export function cellsOfData({ name, datatype }: InputTensor, data: readonly unknown[]): readonly Cell[] {
  return data.map((value, index) => {
    if (value === null) return null;
    // A float of any size is itself; only in the text of a key would its digits matter.
    if (typeof value === 'number' && isFloat(datatype) && Number.isFinite(value)) return value;
    return scalarOf(value, datatype, () => `${name}[${index}]`);
  });
}

/** @param wanted null: nobody knows of the column yet */
function valuesOf(input: InputTensor, wanted: TensorMetadata | null, rows: number): readonly unknown[] {
  const { name, datatype: given } = input;
  if (wanted !== null && !fits(given, wanted.datatype)) {
    const { datatype } = wanted;
    const expected = `${datatype}${datatype === 'BYTES' ? '' : ' or BYTES'}`;
    throw wrongInput(name, `has the datatype ${given}; expected ${expected}`);
  }
  const data = flat(input.data ?? []);
  if (data.length !== rows)
    throw wrongInput(name, `has ${data.length} values and the shape [${input.shape}]`);
  return data;
}

/** Whole numbers of any size name the same key, and so does its text. */
function fits(given: Datatype, wanted: Datatype): boolean {
  if (given === 'BYTES' || given === wanted) return true;
  if (isInteger(given)) return isInteger(wanted) || isFloat(wanted);
  return isFloat(given) && isFloat(wanted);
}

/** Data may be flat, or nested as the shape is. */
function flat(data: readonly unknown[]): readonly unknown[] {
  return data.every((row) => Array.isArray(row) && row.length === 1) ? data.flat() : data;
}

/** Whole numbers that JSON does not hold are texts. */
function scalarOf(value: unknown, datatype: Datatype, place: () => string): string | number | boolean {
  if (datatype === 'BYTES' && typeof value === 'string') return value;
  if (datatype === 'BOOL' && typeof value === 'boolean') return value;
  if (typeof value === 'number' && isNumberOf(value, datatype)) return value;
  if (typeof value === 'bigint' && isInteger(datatype)) return wholeOf(value);
  throw new ServeBatchError('USAGE', `${place()} is not ${expectedOf(datatype)}.`, {
    fields: { field: place() },
  });
}

function wholeOf(value: bigint): string | number {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

function isNumberOf(value: number, datatype: Datatype): boolean {
  // JSON.parse rounds longer ones: the answer would be that of another key.
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return false;
  if (isInteger(datatype)) return Number.isInteger(value) && isInRange(value, datatype);
  return isFloat(datatype) && Number.isFinite(value);
}

function expectedOf(datatype: Datatype): string {
  if (datatype === 'BYTES') return 'a text';
  if (datatype === 'BOOL') return 'true or false';
  if (isInteger(datatype))
    return `a whole number of ${datatype} up to 2^53; send longer ones as text, with the datatype BYTES`;
  return `a number that JSON holds exactly; send whole numbers beyond 2^53 as text, with the datatype BYTES`;
}

export function wrongInput(name: string, what: string): ServeBatchError {
  return new ServeBatchError('USAGE', `The input "${name}" ${what}.`, { fields: { field: name } });
}

export function namesOf(wanted: readonly { readonly name: string }[]): string {
  return wanted.map(({ name }) => `"${name}"`).join(', ');
}
