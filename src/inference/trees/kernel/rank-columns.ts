import { UnsupportedModel } from './ensemble.ts';
import type { SplitNode } from './splits.ts';

/** A byte counts so many cuts; a feature with more has several columns of ranks. */
export const CUTS_OF_COLUMN = 254;

const MOST_CUTS = 65_535;

/** Ranks of one feature, a byte a row: among the cuts from `cutStart`, how many are not above the value. */
export interface RankColumn {
  readonly feature: number;
  readonly nanHigh: boolean;
  readonly cutStart: number;
}

/** A column, and the rank in it that a split asks for. */
export interface RankTest {
  /** Index of the column. */
  readonly column: number;
  /** Of a cut: values above this rank go high. Of a value in a set: its rank. */
  readonly rank: number;
}

/**
 * Only the rank of a value among the cuts of its feature matters to the trees. Which columns of ranks there
 * are shows as the splits ask for them.
 */
export class RankColumns {
  /** By feature, ascending and distinct. */
  readonly cuts: ReadonlyMap<number, Float64Array>;
  readonly columns: RankColumn[] = [];
  readonly #indices: ReadonlyMap<number, ReadonlyMap<number, number>>;
  readonly #known = new Map<string, number>();

  /** @param next the least number above another one, among those that values are */
  constructor(trees: readonly SplitNode[], next: (value: number) => number) {
    this.cuts = cutsOf(trees, next);
    this.#indices = new Map(
      [...this.cuts].map(([feature, cuts]) => [
        feature,
        new Map(Array.from(cuts, (cut, index) => [cut, index] as const)),
      ]),
    );
  }

  ofCut(feature: number, nanHigh: boolean, cut: number): RankTest {
    const index = this.#indexOf(feature, cut);
    return {
      column: this.#column(feature, nanHigh, index),
      rank: index % CUTS_OF_COLUMN,
    };
  }

  /** Where `eq` finds a value: its rank is one more than that of its own cut. */
  ofValue(feature: number, value: number): RankTest {
    const index = this.#indexOf(feature, value);
    return { column: this.#column(feature, false, index), rank: (index % CUTS_OF_COLUMN) + 1 };
  }

  /** The greatest rank in a column; 255 stands for all above the cuts that it counts. */
  greatestOf(column: number): number {
    const { feature, cutStart } = this.columns[column] ?? { feature: -1, cutStart: 0 };
    return Math.min(255, (this.cuts.get(feature)?.length ?? 0) - cutStart);
  }

  #indexOf(feature: number, cut: number): number {
    const index = this.#indices.get(feature)?.get(cut);
    if (index === undefined) throw new TypeError(`Feature ${feature} has no cut at ${cut}`);
    return index;
  }

  #column(feature: number, nanHigh: boolean, cutIndex: number): number {
    const cutStart = cutIndex - (cutIndex % CUTS_OF_COLUMN);
    const key = `${feature} ${nanHigh} ${cutStart}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#known.set(key, this.columns.length);
    return this.columns.push({ feature, nanHigh, cutStart }) - 1;
  }
}

function cutsOf(
  trees: readonly SplitNode[],
  next: (value: number) => number,
): ReadonlyMap<number, Float64Array> {
  const found = new Map<number, Set<number>>();
  const add = (feature: number, cut: number): void => {
    const cuts = found.get(feature);
    if (cuts === undefined) found.set(feature, new Set([cut]));
    else cuts.add(cut);
  };
  const waiting = [...trees];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.kind === 'leaf') continue;
    if (node.kind === 'cut') add(node.feature, node.cut);
    else {
      // Below every number only NaN is left.
      if (node.nanHigh) add(node.feature, Number.NEGATIVE_INFINITY);
      for (const value of node.values) {
        add(node.feature, value);
        if (value !== Number.POSITIVE_INFINITY) add(node.feature, next(value));
      }
    }
    waiting.push(node.low, node.high);
  }
  return new Map([...found].map(([feature, cuts]) => [feature, sorted(feature, cuts)]));
}

function sorted(feature: number, cuts: ReadonlySet<number>): Float64Array {
  if (cuts.size > MOST_CUTS)
    throw new UnsupportedModel(`feature ${feature} is compared with more than ${MOST_CUTS} values`);
  return Float64Array.from(cuts).sort();
}
