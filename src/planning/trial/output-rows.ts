import { product, rowWidth } from '../../features/row-width.ts';
import type { TensorValue } from '../../inference/model-session.ts';

/** Shapes of one output for calls of several numbers of rows: `dims` by rows. */
export type ObservedShapes = ReadonlyMap<number, readonly number[]>;

/**
 * Values a row of an output, or the sentence that says why they cannot be told. The rows are its first
 * dimension, or the first after dimensions of 1: `[rows]`, `[rows, k]`, `[1, rows]`. Then the values of a
 * row lie side by side. In any other shape they do not, or it is not known which are a row's.
 */
export function widthOfRows(shapes: ObservedShapes): number | string {
  const seen = [...shapes];
  const widths = seen.map(([rows, dims]) => rowWidth(dims, rows));
  const [width] = widths;
  if (width && widths.every((each) => each === width)) return width;
  const list = seen.map(([rows, dims]) => `[${dims.join(', ')}] for ${rows} rows`).join(' and ');
  return `has the shape ${list}: ${whyNot(seen)}`;
}

function whyNot(seen: readonly (readonly [number, readonly number[]])[]): string {
  if (seen.some(([, dims]) => dims.includes(0))) return 'it has no values';
  const rank = Math.max(...seen.map(([, dims]) => dims.length));
  const axes = Array.from({ length: rank }, (_, axis) => axis).filter((axis) =>
    seen.every(([rows, dims]) => dims[axis] === rows),
  );
  if (axes.length > 1) return 'more than one dimension grows with the rows';
  const [axis] = axes;
  if (axis !== undefined && seen.length > 1) return `the rows are its dimension ${axis + 1}, not the first`;
  const isConstant = new Set(seen.map(([, dims]) => dims.join())).size === 1;
  return isConstant && seen.length > 1
    ? 'it is the same for any number of rows'
    : 'no dimension is the number of rows';
}

/** The bytes of one row's values; texts are compared as JSON. */
export function rowBytes({ data, dims }: TensorValue, row: number, rows: number): Buffer {
  const width = product(dims) / rows;
  if (Array.isArray(data)) return Buffer.from(JSON.stringify(data.slice(row * width, (row + 1) * width)));
  const values = data.subarray(row * width, (row + 1) * width);
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}
