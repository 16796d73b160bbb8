import { MOST_CODES, NAN_CODE } from '../wasm/category-functions.ts';
import { UnsupportedModel } from './ensemble.ts';
import type { SetSplit, SplitNode } from './splits.ts';

/** Codes of some of the values that sets of one feature have, a byte a row: see `MOST_CODES`. */
export interface CategoryColumn {
  readonly feature: number;
  readonly codes: Codes;
}

/** How values are coded: whole numbers that follow `before`, or values in a list, ascending. */
export type Codes =
  | { readonly kind: 'whole'; readonly before: number }
  | { readonly kind: 'listed'; readonly values: Float64Array };

/** What of a set a column answers for. */
export interface CodeTest {
  /** Index of the column. */
  readonly column: number;
  readonly codes: readonly number[];
}

/** Neighbours of whole numbers up to it are told from each other in float32. */
const MOST_WHOLE = 2 ** 23;

/** Columns of whole numbers are made several times as fast as searched ones. */
const WHOLE_FOR_LISTED = 8;

const MOST_COLUMNS = 256;

/** Which columns of codes the sets of all trees need. */
export class CategoryColumns {
  readonly columns: CategoryColumn[] = [];
  readonly #places = new Map<number, ReadonlyMap<number, { column: number; code: number }>>();

  /** @param double whether values are float64 */
  constructor(trees: readonly SplitNode[], double: boolean) {
    for (const [feature, values] of valuesOf(trees))
      this.#places.set(feature, this.#place(feature, values, double));
  }

  /** Values by feature, ascending. */
  get values(): ReadonlyMap<number, readonly number[]> {
    return new Map([...this.#places].map(([feature, places]) => [feature, [...places.keys()]]));
  }

  /** A value is in the set where one of the tests says so. */
  tests({ feature, values, nanHigh }: SetSplit<SplitNode>): readonly CodeTest[] {
    const places = this.#places.get(feature);
    const found = new Map<number, number[]>();
    for (const value of values) {
      const place = places?.get(value);
      if (place === undefined) throw new TypeError(`Feature ${feature} has no category ${value}`);
      const codes = found.get(place.column);
      if (codes === undefined) found.set(place.column, [place.code]);
      else codes.push(place.code);
    }
    const tests = [...found].map(([column, codes]) => ({ column, codes: codes.toSorted((a, b) => a - b) }));
    // Every column has the same code for NaN.
    if (nanHigh) tests[0]?.codes.push(NAN_CODE);
    return tests.toSorted((a, b) => a.column - b.column);
  }

  #place(
    feature: number,
    values: readonly number[],
    double: boolean,
  ): ReadonlyMap<number, { column: number; code: number }> {
    const whole = double ? null : wholeGroups(values);
    const groups = whole ?? listedGroups(values);
    if (groups.length > MOST_COLUMNS)
      throw new UnsupportedModel(`feature ${feature} is compared with ${values.length} categories`);
    return new Map(
      groups.flatMap(({ codes, members }) => {
        const column = this.columns.push({ feature, codes }) - 1;
        return members.map(([value, code]) => [value, { column, code }] as const);
      }),
    );
  }
}

interface Group {
  readonly codes: Codes;
  readonly members: readonly (readonly [value: number, code: number])[];
}

/** Null: they are better listed. */
function wholeGroups(values: readonly number[]): readonly Group[] | null {
  if (!values.every((value) => Number.isInteger(value) && Math.abs(value) <= MOST_WHOLE)) return null;
  const groups = new Map<number, number[]>();
  for (const value of values) {
    const group = Math.floor(value / MOST_CODES);
    const known = groups.get(group);
    if (known === undefined) groups.set(group, [value]);
    else known.push(value);
  }
  if (groups.size > WHOLE_FOR_LISTED * Math.ceil(values.length / MOST_CODES)) return null;
  return [...groups].map(([group, some]) => {
    const before = group * MOST_CODES - 1;
    return { codes: { kind: 'whole', before }, members: some.map((value) => [value, value - before]) };
  });
}

function listedGroups(values: readonly number[]): readonly Group[] {
  const count = Math.ceil(values.length / MOST_CODES);
  return Array.from({ length: count }, (_, group) => {
    const some = values.slice(group * MOST_CODES, (group + 1) * MOST_CODES);
    return {
      codes: { kind: 'listed', values: Float64Array.from(some) },
      members: some.map((value, index) => [value, index + 1]),
    };
  });
}

function valuesOf(trees: readonly SplitNode[]): ReadonlyMap<number, readonly number[]> {
  const found = new Map<number, Set<number>>();
  const waiting = [...trees];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.kind === 'leaf') continue;
    if (node.kind === 'set') {
      const known = found.get(node.feature) ?? new Set<number>();
      found.set(node.feature, known);
      for (const value of node.values) known.add(value);
    }
    waiting.push(node.low, node.high);
  }
  return new Map([...found].map(([feature, values]) => [feature, [...values].sort((a, b) => a - b)]));
}
