/**
 * Values a row of a tensor of `rows` rows; null where the values of its rows do not follow each other. They
 * do where the rows are the first dimension, or the first after dimensions of 1.
 */
export function rowWidth(dims: readonly number[], rows: number): number | null {
  // One row: whatever there is belongs to it.
  if (rows === 1) return product(dims);
  const axis = dims.findIndex((size) => size !== 1);
  return dims[axis] === rows ? product(dims.slice(axis + 1)) : null;
}

/** Values of a tensor of such a shape. */
export function product(dims: readonly number[]): number {
  return dims.reduce((all, size) => all * size, 1);
}
