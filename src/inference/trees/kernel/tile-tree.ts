import type { Pattern, PatternNode } from '../wasm/pattern-function.ts';
import { UnsupportedModel, type Vote } from './ensemble.ts';
import type { RankColumns } from './rank-columns.ts';
import type { SetSplit, SplitNode } from './splits.ts';

/** Where bytes lie that a node compares: in a column of ranks, or in one that a set was tested into. */
export interface Source {
  readonly area: 'ranks' | 'tests';
  readonly index: number;
}

/** One step of evaluating a tree for a block of rows. */
export type Step = PatternStep | TestStep;

export interface PatternStep {
  readonly kind: 'pattern';
  readonly pattern: PatternNode;
  readonly wide: boolean;
  /** The slot that it writes. */
  readonly target: number;
  readonly sources: readonly Source[];
  /** Values above these ranks go high. */
  readonly thresholds: readonly number[];
  readonly slots: readonly number[];
  readonly leaves: readonly number[];
}

/** Tests ranks for being some of those that a byte can be: the answer is 0 for them, else -1. */
export interface TestStep {
  readonly kind: 'test';
  readonly column: number;
  readonly target: number;
  readonly ranks: readonly number[];
  /** The greatest rank that the column has. */
  readonly greatest: number;
}

export interface TiledTree {
  readonly wide: boolean;
  readonly steps: readonly Step[];
  /** The slot with the leaf numbers; null: there is one leaf. */
  readonly result: number | null;
  /** By leaf number. */
  readonly leaves: readonly (readonly Vote[])[];
  readonly slots: number;
  readonly tests: number;
}

/** More leaves than a byte can number. */
const BYTE_LEAVES = 256;
const WIDE_LEAVES = 65_536;

/**
 * Nodes of one pattern, at most. More of them keep more answers in registers, but there are more patterns
 * then, and each is a function to be compiled (see docs/adr/0021-tree-engine.md).
 */
export const MOST_NODES = 3;

/** A part of a tree that has not been evaluated yet. */
interface Tile {
  readonly pattern: Pattern;
  readonly nodes: number;
  readonly sources: readonly Source[];
  readonly thresholds: readonly number[];
  readonly slots: readonly number[];
  readonly leaves: readonly number[];
}

/** Cuts a tree into patterns, and says in which order they are evaluated, and where their answers lie. */
export function tileTree(tree: SplitNode, ranks: RankColumns): TiledTree {
  // How many leaves there are shows at the end: a set in several columns of ranks repeats its high end.
  const tiled = new Tiler(ranks, false).tile(tree);
  if (tiled.leaves.length <= BYTE_LEAVES) return tiled;
  if (tiled.leaves.length > WIDE_LEAVES)
    throw new UnsupportedModel(`the sets of a tree make ${tiled.leaves.length} leaves of it`);
  return new Tiler(ranks, true).tile(tree);
}

class Tiler {
  readonly #ranks: RankColumns;
  readonly #wide: boolean;
  readonly #steps: Step[] = [];
  readonly #leaves: (readonly Vote[])[] = [];
  readonly #free: number[] = [];
  readonly #tests = new Map<string, number>();
  #slots = 0;

  constructor(ranks: RankColumns, wide: boolean) {
    this.#ranks = ranks;
    this.#wide = wide;
  }

  tile(tree: SplitNode): TiledTree {
    const root = this.#visit(tree);
    const result = root.pattern === 'leaf' ? null : this.#evaluate(root);
    return {
      wide: this.#wide,
      steps: this.#steps,
      result,
      leaves: this.#leaves,
      slots: this.#slots,
      tests: this.#tests.size,
    };
  }

  #visit(node: SplitNode): Tile {
    if (node.kind === 'leaf') {
      const leaf = this.#leaves.push(node.votes) - 1;
      return { pattern: 'leaf', nodes: 0, sources: [], thresholds: [], slots: [], leaves: [leaf] };
    }
    if (node.kind === 'cut') {
      const { column, rank } = this.#ranks.ofCut(node.feature, node.nanHigh, node.cut);
      return this.#join(node, { area: 'ranks', index: column }, rank);
    }
    const { here, rest } = this.#bySet(node);
    const test = this.#test(here.column, here.ranks);
    // Tests answer 0 or -1, ranks are biased: see wasm/feature-functions.ts.
    return this.#join(rest, { area: 'tests', index: test }, TEST_THRESHOLD);
  }

  #join({ low, high }: { low: SplitNode; high: SplitNode }, source: Source, threshold: number): Tile {
    let lowTile = this.#visit(low);
    let highTile = this.#visit(high);
    if (1 + lowTile.nodes + highTile.nodes > MOST_NODES) {
      if (lowTile.nodes >= highTile.nodes) lowTile = this.#slotted(lowTile);
      else highTile = this.#slotted(highTile);
    }
    if (1 + lowTile.nodes + highTile.nodes > MOST_NODES) {
      if (lowTile.nodes >= highTile.nodes) lowTile = this.#slotted(lowTile);
      else highTile = this.#slotted(highTile);
    }
    return {
      pattern: { low: lowTile.pattern, high: highTile.pattern },
      nodes: 1 + lowTile.nodes + highTile.nodes,
      sources: [...lowTile.sources, source, ...highTile.sources],
      thresholds: [...lowTile.thresholds, threshold, ...highTile.thresholds],
      slots: [...lowTile.slots, ...highTile.slots],
      leaves: [...lowTile.leaves, ...highTile.leaves],
    };
  }

  #slotted(tile: Tile): Tile {
    const slot = this.#evaluate(tile);
    return { pattern: 'slot', nodes: 0, sources: [], thresholds: [], slots: [slot], leaves: [] };
  }

  /** A slot may be written by the step that reads it: each row is read before it is written. */
  #evaluate({ pattern, sources, thresholds, slots, leaves }: Tile): number {
    if (pattern === 'leaf' || pattern === 'slot')
      throw new TypeError(`There is nothing to do for a ${pattern}`);
    this.#free.push(...slots);
    const target = this.#free.pop() ?? this.#slots++;
    const wide = this.#wide;
    this.#steps.push({ kind: 'pattern', pattern, wide, target, sources, thresholds, slots, leaves });
    return target;
  }

  /** What of a set lies in one column of ranks, and the split with what is left of it. */
  #bySet(split: SetSplit<SplitNode>): {
    here: { column: number; ranks: readonly number[] };
    rest: { low: SplitNode; high: SplitNode };
  } {
    const { feature, values, nanHigh, high } = split;
    const found = values.map((value) => ({ value, ...this.#ranks.ofValue(feature, value) }));
    const nan = nanHigh ? this.#ranks.ofCut(feature, false, Number.NEGATIVE_INFINITY).column : null;
    const column = nan ?? found[0]?.column ?? 0;
    const ranks = found.filter((each) => each.column === column).map(({ rank }) => rank);
    const others = found.filter((each) => each.column !== column).map(({ value }) => value);
    const low = others.length === 0 ? split.low : { ...split, values: others, nanHigh: false };
    return { here: { column, ranks: nan === null ? ranks : [0, ...ranks] }, rest: { low, high } };
  }

  #test(column: number, ranks: readonly number[]): number {
    const key = `${column}: ${ranks.toSorted((a, b) => a - b).join(' ')}`;
    const known = this.#tests.get(key);
    if (known !== undefined) return known;
    const target = this.#tests.size;
    this.#tests.set(key, target);
    this.#steps.push({ kind: 'test', column, target, ranks, greatest: this.#ranks.greatestOf(column) });
    return target;
  }
}

/** As a rank: biased it is -1. */
const TEST_THRESHOLD = 127;
