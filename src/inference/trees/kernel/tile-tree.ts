import type { Pattern, PatternNode } from '../wasm/pattern-function.ts';
import type { CategoryColumns, CodeTest } from './category-columns.ts';
import type { Vote } from './ensemble.ts';
import type { RankColumns } from './rank-columns.ts';
import type { SplitNode } from './splits.ts';

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
  /** Names it: `(L(LS))` is a node, its low end a leaf, its high end a node with a leaf and a slot. */
  readonly key: string;
  readonly wide: boolean;
  /** The slot that it writes. */
  readonly target: number;
  readonly sources: readonly Source[];
  /** Values above these ranks go high. */
  readonly thresholds: readonly number[];
  readonly slots: readonly number[];
  readonly leaves: readonly number[];
}

/** Tests whether values are in a set: the answer is 0 for them, else -1. */
export interface TestStep {
  readonly kind: 'test';
  readonly target: number;
  /** One of them says so. */
  readonly tests: readonly CodeTest[];
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

/** Leaves that a byte can number. */
const BYTE_LEAVES = 256;

/**
 * Nodes of one pattern, at most. More of them keep more answers in registers, but there are more patterns
 * then, and each is a function to be compiled (see docs/adr/0021-tree-engine.md).
 */
export const MOST_NODES = 3;

/** A part of a tree that has not been evaluated yet. */
interface Tile {
  readonly pattern: Pattern;
  readonly key: string;
  readonly nodes: number;
  readonly sources: readonly Source[];
  readonly thresholds: readonly number[];
  readonly slots: readonly number[];
  readonly leaves: readonly number[];
}

/** Cuts a tree into patterns, and says in which order they are evaluated, and where their answers lie. */
export function tileTree(tree: SplitNode, ranks: RankColumns, categories: CategoryColumns): TiledTree {
  return new Tiler(ranks, categories, leavesOf(tree) > BYTE_LEAVES).tile(tree);
}

function leavesOf(tree: SplitNode): number {
  return tree.kind === 'leaf' ? 1 : leavesOf(tree.low) + leavesOf(tree.high);
}

class Tiler {
  readonly #ranks: RankColumns;
  readonly #categories: CategoryColumns;
  readonly #wide: boolean;
  readonly #steps: Step[] = [];
  readonly #leaves: (readonly Vote[])[] = [];
  readonly #free: number[] = [];
  readonly #tests = new Map<string, number>();
  #slots = 0;

  constructor(ranks: RankColumns, categories: CategoryColumns, wide: boolean) {
    this.#ranks = ranks;
    this.#categories = categories;
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
      return { pattern: 'leaf', key: 'L', nodes: 0, sources: [], thresholds: [], slots: [], leaves: [leaf] };
    }
    if (node.kind === 'cut') {
      const { column, rank } = this.#ranks.ofCut(node.feature, node.nanHigh, node.cut);
      return this.#join(node, { area: 'ranks', index: column }, rank);
    }
    const index = this.#test(this.#categories.tests(node));
    return this.#join(node, { area: 'tests', index }, TEST_THRESHOLD);
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
      key: `(${lowTile.key}${highTile.key})`,
      nodes: 1 + lowTile.nodes + highTile.nodes,
      sources: [...lowTile.sources, source, ...highTile.sources],
      thresholds: [...lowTile.thresholds, threshold, ...highTile.thresholds],
      slots: [...lowTile.slots, ...highTile.slots],
      leaves: [...lowTile.leaves, ...highTile.leaves],
    };
  }

  #slotted(tile: Tile): Tile {
    const slot = this.#evaluate(tile);
    return { pattern: 'slot', key: 'S', nodes: 0, sources: [], thresholds: [], slots: [slot], leaves: [] };
  }

  /** A slot may be written by the step that reads it: each row is read before it is written. */
  #evaluate({ pattern, key, sources, thresholds, slots, leaves }: Tile): number {
    if (pattern === 'leaf' || pattern === 'slot')
      throw new TypeError(`There is nothing to do for a ${pattern}`);
    this.#free.push(...slots);
    const target = this.#free.pop() ?? this.#slots++;
    const wide = this.#wide;
    this.#steps.push({ kind: 'pattern', pattern, key, wide, target, sources, thresholds, slots, leaves });
    return target;
  }

  #test(tests: readonly CodeTest[]): number {
    const key = tests.map(({ column, codes }) => `${column}: ${codes.join(' ')}`).join(', ');
    const known = this.#tests.get(key);
    if (known !== undefined) return known;
    const target = this.#tests.size;
    this.#tests.set(key, target);
    this.#steps.push({ kind: 'test', target, tests });
    return target;
  }
}

/** As a rank: biased it is -1. */
const TEST_THRESHOLD = 127;
