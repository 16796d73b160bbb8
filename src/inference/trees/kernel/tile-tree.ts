import type { CategoryColumns, CodeTest } from './category-columns.ts';
import type { Vote } from './ensemble.ts';
import type { RankColumns } from './rank-columns.ts';
import type { SplitNode } from './splits.ts';
import { type Shape, Shapes } from './tile-shapes.ts';

/** Where bytes lie that a node compares: in a column of ranks, or in one that a set was tested into. */
export type Area = 'ranks' | 'tests';

/** One step of evaluating a tree for a block of rows. */
export type Step = PatternStep | TestStep;

export interface PatternStep {
  readonly kind: 'pattern';
  readonly tile: NodeTile;
  readonly wide: boolean;
  /** The slot that it writes. */
  readonly target: number;
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

/** A piece of a tree. */
export type Tile = EndTile | NodeTile;

interface EndTile {
  readonly kind: 'leaf' | 'slot';
  readonly shape: Shape;
  /** Of the leaf, or of the slot. */
  readonly number: number;
}

export interface NodeTile {
  readonly kind: 'node';
  readonly shape: Shape;
  readonly low: Tile;
  readonly high: Tile;
  /** What it compares: a column of this area. */
  readonly area: Area;
  readonly index: number;
  /** Values above this rank go high. */
  readonly threshold: number;
}

/** The nodes of a piece, in the order low end, node, high end. */
export function eachNode(tile: Tile, visit: (node: NodeTile) => void): void {
  if (tile.kind !== 'node') return;
  eachNode(tile.low, visit);
  visit(tile);
  eachNode(tile.high, visit);
}

/** The numbers of its leaves, or of its slots, in that order. */
export function eachEnd(tile: Tile, kind: EndTile['kind'], visit: (number: number) => void): void {
  if (tile.kind === 'node') {
    eachEnd(tile.low, kind, visit);
    eachEnd(tile.high, kind, visit);
  } else if (tile.kind === kind) visit(tile.number);
}

/** Cuts a tree into pieces, and says in which order they are evaluated, and where their answers lie. */
export function tileTree(
  tree: SplitNode,
  ranks: RankColumns,
  categories: CategoryColumns,
  shapes: Shapes = new Shapes(),
): TiledTree {
  return new Tiler(ranks, categories, shapes, leavesOf(tree) > BYTE_LEAVES).tile(tree);
}

function leavesOf(tree: SplitNode): number {
  return tree.kind === 'leaf' ? 1 : leavesOf(tree.low) + leavesOf(tree.high);
}

class Tiler {
  readonly #ranks: RankColumns;
  readonly #categories: CategoryColumns;
  readonly #shapes: Shapes;
  readonly #wide: boolean;
  readonly #steps: Step[] = [];
  readonly #leaves: (readonly Vote[])[] = [];
  readonly #free: number[] = [];
  readonly #tests = new Map<string, number>();
  #slots = 0;

  constructor(ranks: RankColumns, categories: CategoryColumns, shapes: Shapes, wide: boolean) {
    this.#ranks = ranks;
    this.#categories = categories;
    this.#shapes = shapes;
    this.#wide = wide;
  }

  tile(tree: SplitNode): TiledTree {
    const root = this.#visit(tree);
    const result = root.kind === 'node' ? this.#evaluate(root) : null;
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
    if (node.kind === 'leaf')
      return { kind: 'leaf', shape: this.#shapes.leaf, number: this.#leaves.push(node.votes) - 1 };
    if (node.kind === 'cut') {
      const { column, rank } = this.#ranks.ofCut(node.feature, node.nanHigh, node.cut);
      return this.#join(node.low, node.high, 'ranks', column, rank);
    }
    const index = this.#test(this.#categories.tests(node));
    return this.#join(node.low, node.high, 'tests', index, TEST_THRESHOLD);
  }

  #join(low: SplitNode, high: SplitNode, area: Area, index: number, threshold: number): NodeTile {
    let lowTile = this.#visit(low);
    let highTile = this.#visit(high);
    while (1 + lowTile.shape.nodes + highTile.shape.nodes > MOST_NODES) {
      if (lowTile.shape.nodes >= highTile.shape.nodes) lowTile = this.#slotted(lowTile);
      else highTile = this.#slotted(highTile);
    }
    const shape = this.#shapes.join(lowTile.shape, highTile.shape);
    return { kind: 'node', shape, low: lowTile, high: highTile, area, index, threshold };
  }

  #slotted(tile: Tile): Tile {
    if (tile.kind !== 'node') throw new TypeError(`There is nothing to do for a ${tile.kind}`);
    return { kind: 'slot', shape: this.#shapes.slot, number: this.#evaluate(tile) };
  }

  /** A slot may be written by the step that reads it: each row is read before it is written. */
  #evaluate(tile: NodeTile): number {
    eachEnd(tile, 'slot', this.#release);
    const target = this.#free.pop() ?? this.#slots++;
    this.#steps.push({ kind: 'pattern', tile, wide: this.#wide, target });
    return target;
  }

  readonly #release = (slot: number): void => {
    this.#free.push(slot);
  };

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
