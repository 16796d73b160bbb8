import { ServeBatchError } from '../../core/errors.ts';
import type { Column } from '../../core/table.ts';
import type { Columns } from '../../lookup/column-text.ts';
import type { Cells } from '../../shard/live/live-question.ts';
import type { LiveColumns } from '../../tasks/tasks.ts';
import { datatypeOf } from './datatypes.ts';
import type { InputTensor } from './infer-request.ts';
import type { TensorMetadata } from './model-tensors.ts';
import { cellsOf, cellsOfData, namesOf, refuseTwice, rowsOf, textsOf, wrongInput } from './read-inputs.ts';

/** What a request asks of a live model. */
export type LiveRows =
  /** Rows of the run by their keys; with columns that have other values. */
  | {
      readonly kind: 'keys';
      readonly keys: readonly { readonly columns: Columns; readonly changed: Cells }[];
    }
  /** Rows of the input, or of the model's features. */
  | { readonly kind: 'rows'; readonly rows: readonly Cells[] };

export interface LiveInputsOptions {
  /** The columns of key and field. */
  readonly keys: readonly TensorMetadata[];
  readonly live: LiveColumns;
  readonly mostRows: number;
}

/** The rows that the tensors of a request mean. Throws `USAGE` that names the tensor. */
export function readLiveInputs(inputs: readonly InputTensor[], options: LiveInputsOptions): LiveRows {
  const { keys, live, mostRows } = options;
  const matrix = matrixOf(inputs, live);
  if (matrix !== null) return { kind: 'rows', rows: rowsOfMatrix(matrix, live.matrix ?? [], mostRows) };
  refuseTwice(inputs.map(({ name }) => name.toLowerCase()));
  const rows = rowsOf(inputs, mostRows);
  const meant = meaningOf(inputs, options);
  if (meant !== 'keys')
    return { kind: 'rows', rows: cellRows(inputs, (live[meant] ?? []).map(tensorOf), rows) };
  const others = inputs.filter(({ name }) => !isAmong(keys, name));
  const changed = cellRows(others, [...live.columns, ...(live.features ?? [])].map(tensorOf), rows);
  return {
    kind: 'keys',
    keys: keyRows(inputs, keys, rows).map((columns, row) => ({ columns, changed: changed[row] ?? {} })),
  };
}

/** The tensors of rows that a live model takes. */
export function liveTensors({ columns, features }: LiveColumns): readonly TensorMetadata[] {
  return (features ?? columns).map(tensorOf);
}

function tensorOf({ name, type }: Column): TensorMetadata {
  return { name, datatype: datatypeOf(type), shape: [-1] };
}

/** With the columns of the key, other columns change its row, unless all together are a row. */
function meaningOf(
  inputs: readonly InputTensor[],
  { keys, live }: LiveInputsOptions,
): 'keys' | 'columns' | 'features' {
  const has = (list: readonly { readonly name: string }[]): boolean =>
    list.every(({ name }) => isAmong(inputs, name));
  const isExactly = (list: readonly { readonly name: string }[] | null): boolean =>
    list !== null && list.length === inputs.length && has(list);
  if (isExactly(keys)) return 'keys';
  if (isExactly(live.columns)) return 'columns';
  if (isExactly(live.features)) return 'features';
  if (has(keys)) return 'keys';
  const features = live.features === null ? '' : `, or all features of the model (${namesOf(live.features)})`;
  throw new ServeBatchError(
    'USAGE',
    `The inputs are ${namesOf(inputs)}. Give the columns of the key (${namesOf(keys)}), and with them columns that are to have other values; or all columns of the input (${namesOf(live.columns)})${features}.`,
    { fields: { field: 'inputs' } },
  );
}

function isAmong(list: readonly { readonly name: string }[], wanted: string): boolean {
  return list.some(({ name }) => isSameName(name, wanted));
}

function isSameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function keyRows(
  inputs: readonly InputTensor[],
  keys: readonly TensorMetadata[],
  rows: number,
): readonly Columns[] {
  const columns = keys.flatMap((key) => {
    const input = inputs.find(({ name }) => isSameName(name, key.name));
    return input === undefined ? [] : [[key.name, textsOf(input, key, rows)] as const];
  });
  return rowsOfColumns(columns, rows);
}

function cellRows(
  inputs: readonly InputTensor[],
  known: readonly TensorMetadata[],
  rows: number,
): readonly Cells[] {
  const columns = inputs.map((input) => {
    const wanted = known.find(({ name }) => isSameName(name, input.name)) ?? null;
    return [input.name, cellsOf(input, wanted, rows)] as const;
  });
  return rowsOfColumns(columns, rows);
}

function rowsOfColumns<T>(
  columns: readonly (readonly [name: string, values: readonly T[]])[],
  rows: number,
): readonly Readonly<Record<string, T>>[] {
  return Array.from({ length: rows }, (_, row) =>
    Object.fromEntries(
      columns.flatMap(([name, values]) => values.slice(row, row + 1).map((value) => [name, value])),
    ),
  );
}

/** The only tensor, where it is the matrix that the model takes: servers of single models let it have any name. */
function matrixOf(inputs: readonly InputTensor[], { matrix }: LiveColumns): InputTensor | null {
  const [only, ...others] = inputs;
  if (matrix === null || only === undefined || others.length > 0 || only.shape.length !== 2) return null;
  return only.shape[1] === matrix.length ? only : null;
}

function rowsOfMatrix(input: InputTensor, columns: readonly string[], mostRows: number): readonly Cells[] {
  const { name, shape, data = [] } = input;
  const [rows = 0] = shape;
  if (rows < 1 || rows > mostRows) throw wrongInput(name, `has ${rows} rows; expected 1 to ${mostRows}`);
  const flat = data.every((row) => Array.isArray(row) && row.length === columns.length) ? data.flat() : data;
  if (flat.length !== rows * columns.length)
    throw wrongInput(name, `has ${flat.length} values and the shape [${shape}]`);
  const cells = cellsOfData(input, flat);
  return Array.from({ length: rows }, (_, row) =>
    Object.fromEntries(columns.map((column, index) => [column, cells[row * columns.length + index] ?? null])),
  );
}
