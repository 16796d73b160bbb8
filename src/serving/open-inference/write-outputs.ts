import { ServeBatchError } from '../../core/errors.ts';
import { valueJson } from '../../lookup/parse-value.ts';
import type { PublishedView } from '../../lookup/published-view.ts';
import type { TensorMetadata } from './model-tensors.ts';

/** A value of one column; numbers as their digits. Null: NaN, an infinity, or no prediction. */
type Leaf = string | boolean | null | readonly Leaf[] | { readonly [name: string]: Leaf };

/** Tensors as JSON text, so that whole numbers beyond 2^53 stay whole. Throws `USAGE` for lists of several lengths. */
export function writeOutputs(
  tensors: readonly TensorMetadata[],
  texts: readonly (string | undefined)[],
  view: PublishedView,
): string {
  const rows = texts.map((text) => (text === undefined ? null : leavesOf(text, view)));
  return `[${tensors.map((tensor) => tensorJson(tensor, rows)).join(',')}]`;
}

function tensorJson(
  tensor: TensorMetadata,
  rows: readonly (Readonly<Record<string, Leaf>> | null)[],
): string {
  const leaves = rows.map((row) => row?.[tensor.name] ?? null);
  const isMatrix = tensor.shape.length === 2;
  const width = isMatrix ? widthOf(tensor.name, leaves) : 1;
  const data = leaves.flatMap((leaf) =>
    isMatrix ? (Array.isArray(leaf) ? leaf : new Array<Leaf>(width).fill(null)) : [leaf],
  );
  const head = JSON.stringify({
    name: tensor.name,
    datatype: tensor.datatype,
    shape: isMatrix ? [rows.length, width] : [rows.length],
  });
  return `${head.slice(0, -1)},"data":[${data.map((leaf) => elementJson(leaf, tensor)).join(',')}]}`;
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

function elementJson(leaf: Leaf, { name, datatype }: TensorMetadata): string {
  if (leaf === null) return 'null';
  if (datatype === 'BYTES') return JSON.stringify(typeof leaf === 'string' ? leaf : JSON.stringify(leaf));
  if (datatype === 'BOOL' ? typeof leaf === 'boolean' : typeof leaf === 'string') return String(leaf);
  throw new ServeBatchError('STORE_REFUSED', `The store holds a value of "${name}" that is not ${datatype}.`);
}

function leavesOf(text: string, view: PublishedView): Readonly<Record<string, Leaf>> {
  const { values, valueKind } = view.info;
  const [only = ''] = values;
  if (valueKind === 'text') return { [only]: text };
  const json = valueJson(text, view.info);
  if (valueKind === 'number') return { [only]: json === 'null' ? null : json };
  const leaf = JSON.parse(json.replace(TOKENS, quoted)) as Leaf;
  return values.length > 1 ? (leaf as Readonly<Record<string, Leaf>>) : { [only]: leaf };
}

/** Texts and numbers of JSON. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** JSON.parse would round long numbers. */
function quoted(token: string): string {
  return token.startsWith('"') ? token : `"${token}"`;
}
