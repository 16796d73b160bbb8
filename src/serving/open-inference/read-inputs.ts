import { ServeBatchError } from '../../core/errors.ts';
import type { Columns } from '../../lookup/column-text.ts';
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
    if (input === undefined) throw wrong(tensor.name, `is missing. Give ${namesOf(wanted)}`);
    return [tensor.name, textsOf(input, tensor, rows)] as const;
  });
  return Array.from({ length: rows }, (_, row) =>
    Object.fromEntries(columns.map(([name, texts]) => [name, texts[row] ?? ''])),
  );
}

function checkNames(inputs: readonly InputTensor[], wanted: readonly TensorMetadata[]): void {
  const seen = new Set<string>();
  for (const { name } of inputs) {
    if (!wanted.some((tensor) => tensor.name === name))
      throw wrong(name, `is not one of the model. Give ${namesOf(wanted)}`);
    if (seen.has(name)) throw wrong(name, 'is given twice. Give it once');
    seen.add(name);
  }
}

function rowsOf(inputs: readonly InputTensor[], mostKeys: number): number {
  const rows = inputs[0]?.shape[0] ?? 0;
  for (const { name, shape } of inputs) {
    if (shape.length < 1 || shape.length > 2 || (shape[1] ?? 1) !== 1)
      throw wrong(name, `has the shape [${shape}]; expected [rows] or [rows, 1]`);
    if (shape[0] !== rows)
      throw wrong(
        name,
        `has ${shape[0]} rows, and "${inputs[0]?.name}" has ${rows}. Give them the same number`,
      );
    if (rows < 1 || rows > mostKeys) throw wrong(name, `has ${rows} rows; expected 1 to ${mostKeys}`);
  }
  return rows;
}

function textsOf(input: InputTensor, { name, datatype }: TensorMetadata, rows: number): readonly string[] {
  const given = input.datatype;
  if (!fits(given, datatype))
    throw wrong(
      name,
      `has the datatype ${given}; expected ${datatype}${datatype === 'BYTES' ? '' : ' or BYTES'}`,
    );
  const data = flat(input.data ?? []);
  if (data.length !== rows) throw wrong(name, `has ${data.length} values and the shape [${input.shape}]`);
  return data.map((value, index) => textOf(value, given, () => `${name}[${index}]`));
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

function textOf(value: unknown, datatype: Datatype, place: () => string): string {
  if (datatype === 'BYTES' && typeof value === 'string') return value;
  if (datatype === 'BOOL' && typeof value === 'boolean') return String(value);
  if (typeof value === 'number' && isNumberOf(value, datatype)) return String(value);
  if (typeof value === 'bigint' && isInteger(datatype)) return String(value);
  throw new ServeBatchError('USAGE', `${place()} is not ${expectedOf(datatype)}.`, {
    fields: { field: place() },
  });
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

function wrong(name: string, what: string): ServeBatchError {
  return new ServeBatchError('USAGE', `The input "${name}" ${what}.`, { fields: { field: name } });
}

function namesOf(wanted: readonly TensorMetadata[]): string {
  return wanted.map(({ name }) => `"${name}"`).join(', ');
}
