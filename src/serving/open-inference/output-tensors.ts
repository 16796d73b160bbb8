import { ServeBatchError } from '../../core/errors.ts';
import { valueJson } from '../../lookup/parse-value.ts';
import type { PublishedView } from '../../lookup/published-view.ts';
import { type Datatype, datatypeOf, isFloat } from './datatypes.ts';
import type { TensorMetadata } from './model-tensors.ts';

/** A value of one column; numbers as their digits, `NaN`, `Infinity` or `-Infinity`. Null: no value, or no prediction. */
type Leaf = string | boolean | null | readonly Leaf[] | { readonly [name: string]: Leaf };

/** An element of a tensor: a truth value of BOOL, else the digits of a number or a text. Null: no value. */
export type Element = string | boolean | null;

export interface OutputTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** Row by row. */
  readonly data: readonly Element[];
}

type Row = Readonly<Record<string, Leaf>> | null;

/**
 * The values that were found, as tensors. Throws `USAGE` for lists of several lengths, and `STORE_REFUSED` for values
 * that are not of the tensor's type.
 */
export function outputTensors(
  tensors: readonly TensorMetadata[],
  texts: readonly (string | undefined)[],
  view: PublishedView,
): readonly OutputTensor[] {
  const rows = texts.map((text) => (text === undefined ? null : leavesOf(text, view)));
  return tensors.map((tensor) => outputTensor(tensor, rows));
}

/** Tensors as JSON text, so that whole numbers beyond 2^53 stay whole. */
export function tensorsJson(tensors: readonly OutputTensor[]): string {
  const texts = tensors.map(({ data, ...head }) => {
    const elements = data.map((element) => elementJson(element, head.datatype));
    return `${JSON.stringify(head).slice(0, -1)},"data":[${elements.join(',')}]}`;
  });
  return `[${texts.join(',')}]`;
}

function outputTensor(tensor: TensorMetadata, rows: readonly Row[]): OutputTensor {
  const { name, datatype } = tensor;
  const leaves = rows.map((row) => row?.[name] ?? null);
  const isMatrix = tensor.shape.length === 2;
  const width = isMatrix ? widthOf(name, leaves) : 1;
  const flat = leaves.flatMap((leaf) =>
    isMatrix ? (Array.isArray(leaf) ? leaf : new Array<Leaf>(width).fill(null)) : [leaf],
  );
  return {
    name,
    datatype,
    shape: isMatrix ? [rows.length, width] : [rows.length],
    data: flat.map((leaf) => elementOf(leaf, tensor)),
  };
}

function widthOf(name: string, leaves: readonly Leaf[]): number {
  const widths = new Set(leaves.flatMap((leaf) => (Array.isArray(leaf) ? [leaf.length] : [])));
  if (widths.size <= 1) return [...widths][0] ?? 0;
  throw new ServeBatchError(
    'USAGE',
    `The output "${name}" has lists of ${[...widths].join(' and ')} values, which are no tensor. Ask for these keys at /v1/jobs, or one by one.`,
    { fields: { field: name } },
  );
}

function elementOf(leaf: Leaf, { name, datatype }: TensorMetadata): Element {
  if (leaf === null) return null;
  if (datatype === 'BYTES') return typeof leaf === 'string' ? leaf : JSON.stringify(leaf);
  if (datatype === 'BOOL' && typeof leaf === 'boolean') return leaf;
  if (datatype !== 'BOOL' && typeof leaf === 'string') return leaf;
  throw new ServeBatchError('STORE_REFUSED', `The store holds a value of "${name}" that is not ${datatype}.`);
}

/** JSON has neither NaN nor infinities. */
function elementJson(element: Element, datatype: Datatype): string {
  if (datatype === 'BYTES' || element === null) return JSON.stringify(element);
  return NOT_FINITE.has(element) ? 'null' : String(element);
}

const NOT_FINITE: ReadonlySet<Element> = new Set(['NaN', 'Infinity', '-Infinity']);

function leavesOf(text: string, view: PublishedView): Readonly<Record<string, Leaf>> {
  const { values, valueKind } = view.info;
  const [only = ''] = values;
  if (valueKind === 'text') return { [only]: text };
  const json = valueJson(text, view.info);
  if (valueKind === 'number') return { [only]: json === 'null' ? notFinite(text, only, view) : json };
  const leaf = JSON.parse(json.replace(TOKENS, quoted)) as Leaf;
  return values.length > 1 ? (leaf as Readonly<Record<string, Leaf>>) : { [only]: leaf };
}

/** A text has no NaN. */
function notFinite(text: string, name: string, { info }: PublishedView): string | null {
  return isFloat(datatypeOf(info.columnTypes?.[name])) ? String(Number(text)) : null;
}

/** Texts and numbers of JSON. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** JSON.parse would round long numbers. */
function quoted(token: string): string {
  return token.startsWith('"') ? token : `"${token}"`;
}
