/** The rows of a batch that one model call has; `end` is exclusive. */
export interface CallRows {
  readonly start: number;
  readonly end: number;
}

/**
 * Calls begin and end at multiples of this many rows of their batch.
 *
 * The bits of a row may depend on where it stands in its call: some kernels compute the first rows with
 * vector instructions and what is left over one by one, in another order or with another approximation,
 * and one row alone takes a matrix-vector kernel. Where calls consist of whole groups of rows, as wide as
 * the widest vector (16 float32 of AVX-512), no row is left over, and its bits are the same however many
 * rows share its call. Measured in docs/adr/0010-batch-size.md.
 */
const GROUP_ROWS = 16;

/** Whether calls of a size have no group that is cut off. */
export function isWholeGroups(rows: number): boolean {
  return rows % GROUP_ROWS === 0;
}

/**
 * The rows that a call has in order to score rows `from` to `to` (exclusive): whole groups, where the
 * batch has room for them.
 */
export function callRows(from: number, to: number, capacity: number): CallRows {
  return {
    start: Math.floor(from / GROUP_ROWS) * GROUP_ROWS,
    end: Math.min(capacity, Math.ceil(to / GROUP_ROWS) * GROUP_ROWS),
  };
}

/** Where rows `from` to `to` are cut in two: between two groups, unless they are of one group. */
export function middleOf(from: number, to: number): number {
  const middle = from + Math.ceil((to - from) / 2);
  const between = Math.ceil(middle / GROUP_ROWS) * GROUP_ROWS;
  return between < to ? between : middle;
}
