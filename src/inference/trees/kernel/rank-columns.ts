import { UnsupportedModel } from './ensemble.ts';
import type { SplitNode } from './splits.ts';

/** A byte counts so many cuts; a feature with more has several columns of ranks. */
export const CUTS_OF_COLUMN = 254;

const MOST_CUTS = 65_535;

/** Ranks of one feature, a byte a row: among the cuts from `cutStart`, how many are not above the value. */
export interface RankColumn {
  readonly feature: number;
  /** Which rank NaN has: the greatest, or the least. */
  readonly nanHigh: boolean;
  readonly cutStart: number;
}

/** A column, and the rank in it that a cut asks for: values above this rank go high. */
export interface RankTest {
  /** Index of the column. */
  readonly column: number;
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
  /** Index of the column, by all that tells it from others as one number. */
  readonly #known = new Map<number, number>();

  constructor(trees: readonly SplitNode[]) {
    this.cuts = cutsOf(trees);
    this.#indices = new Map(
      [...this.cuts].map(([feature, cuts]) => [
        feature,
        new Map(Array.from(cuts, (cut, index) => [cut, index] as const)),
      ]),
    );
  }

  ofCut(feature: number, nanHigh: boolean, cut: number): RankTest {
    const index = this.#indices.get(feature)?.get(cut);
    if (index === undefined) throw new TypeError(`Feature ${feature} has no cut at ${cut}`);
    return { column: this.#column(feature, nanHigh, index), rank: index % CUTS_OF_COLUMN };
  }

  #column(feature: number, nanHigh: boolean, cutIndex: number): number {
    const cutStart = cutIndex - (cutIndex % CUTS_OF_COLUMN);
    const key = (feature * 2 + (nanHigh ? 1 : 0)) * (MOST_CUTS + 1) + cutStart;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#known.set(key, this.columns.length);
    return this.columns.push({ feature, nanHigh, cutStart }) - 1;
  }
}

function cutsOf(trees: readonly SplitNode[]): ReadonlyMap<number, Float64Array> {
  const found = new Map<number, Set<number>>();
  const waiting = [...trees];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.kind === 'leaf') continue;
    if (node.kind === 'cut') {
      const cuts = found.get(node.feature);
      if (cuts === undefined) found.set(node.feature, new Set([node.cut]));
      else cuts.add(node.cut);
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
