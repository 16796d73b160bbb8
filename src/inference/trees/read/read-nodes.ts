import {
  type Branch,
  type Leaf,
  type Mode,
  type TreeNode,
  UnsupportedModel,
  type Vote,
} from '../kernel/ensemble.ts';
import type { Attributes } from './attributes.ts';

const MODES: ReadonlyMap<string, Mode> = new Map([
  ['BRANCH_LEQ', 'leq'],
  ['BRANCH_LT', 'lt'],
  ['BRANCH_GTE', 'gte'],
  ['BRANCH_GT', 'gt'],
  ['BRANCH_EQ', 'eq'],
  ['BRANCH_NEQ', 'neq'],
]);

/** The trees of TreeEnsembleRegressor and TreeEnsembleClassifier, in their order. */
export function readTrees(attributes: Attributes, votes: VoteColumns): readonly TreeNode[] {
  return new NodeReader(attributes, votes).trees();
}

/** The votes of leaves, as columns: the tree, the node, the target or class, the weight. */
export interface VoteColumns {
  readonly trees: readonly number[];
  readonly nodes: readonly number[];
  readonly targets: readonly number[];
  readonly weights: readonly number[];
  /** How many targets or classes there are. */
  readonly count: number;
}

class NodeReader {
  readonly #features: readonly number[];
  readonly #values: readonly number[];
  readonly #modes: readonly string[];
  readonly #trees: readonly number[];
  readonly #nodes: readonly number[];
  readonly #whenTrue: readonly number[];
  readonly #whenFalse: readonly number[];
  readonly #missingTrue: readonly number[];
  /** By tree: the row of its first node. */
  readonly #firstRows = new Map<number, number>();
  /** The tree that was asked for last, and that row of it. */
  #lastTree = Number.NaN;
  #lastFirst = -1;
  /** By tree and node; made where nodes are not numbered as they stand. */
  #rows: ReadonlyMap<number, ReadonlyMap<number, number>> | null = null;
  /** By row, as are the following. */
  readonly #votes: (Vote[] | undefined)[];
  readonly #made: (TreeNode | undefined)[];
  readonly #open: Uint8Array;

  constructor(attributes: Attributes, votes: VoteColumns) {
    this.#features = attributes.ints('nodes_featureids');
    this.#values = attributes.numbers('nodes_values');
    this.#modes = attributes.texts('nodes_modes');
    this.#trees = attributes.ints('nodes_treeids');
    this.#nodes = attributes.ints('nodes_nodeids');
    this.#whenTrue = attributes.ints('nodes_truenodeids');
    this.#whenFalse = attributes.ints('nodes_falsenodeids');
    this.#missingTrue = attributes.ints('nodes_missing_value_tracks_true');
    this.#open = new Uint8Array(this.#trees.length);
    this.#votes = new Array<Vote[] | undefined>(this.#trees.length).fill(undefined);
    this.#made = new Array<TreeNode | undefined>(this.#trees.length).fill(undefined);
    for (let row = 0; row < this.#trees.length; row++) {
      const tree = this.#trees[row] ?? -1;
      if (tree !== this.#trees[row - 1] && !this.#firstRows.has(tree)) this.#firstRows.set(tree, row);
    }
    this.#readVotes(votes);
  }

  trees(): readonly TreeNode[] {
    // A tree begins with the first of its nodes.
    const trees: TreeNode[] = [];
    for (let row = 0; row < this.#trees.length; row++)
      if (this.#trees[row] !== this.#trees[row - 1]) trees.push(this.#node(row));
    // What ONNX Runtime makes of anything else is its own affair.
    if (trees.length !== this.#firstRows.size)
      throw new UnsupportedModel('the nodes of a tree stand among those of another');
    for (let row = 0; row < this.#trees.length; row++)
      if (this.#made[row] === undefined)
        throw new UnsupportedModel('the first node of a tree does not lead to all others');
    return trees;
  }

  #readVotes({ trees, nodes, targets, weights, count }: VoteColumns): void {
    for (let index = 0; index < trees.length; index++) {
      const row = this.#row(trees[index] ?? -1, nodes[index]);
      const [target, weight] = [targets[index] ?? -1, weights[index] ?? Number.NaN];
      if (target < 0 || target >= count) throw new UnsupportedModel(`a leaf votes for target ${target}`);
      if (!Number.isFinite(weight)) throw new UnsupportedModel(`the weight of a leaf is ${weight}`);
      const votes = this.#votes[row];
      if (votes === undefined) this.#votes[row] = [{ target, weight }];
      else if (votes.some((vote) => vote.target === target))
        throw new UnsupportedModel('a leaf has two weights for one target');
      else votes.push({ target, weight });
    }
  }

  #node(row: number): TreeNode {
    const made = this.#made[row];
    if (made !== undefined) return made;
    if (this.#open[row] === 1) throw new UnsupportedModel('the nodes of a tree form a circle');
    this.#open[row] = 1;
    const node = this.#modes[row] === 'LEAF' ? this.#leaf(row) : this.#branch(row);
    this.#open[row] = 0;
    this.#made[row] = node;
    return node;
  }

  #leaf(row: number): Leaf {
    const votes = this.#votes[row];
    if (votes === undefined) throw new UnsupportedModel('a leaf has no weight');
    return { kind: 'leaf', votes };
  }

  #branch(row: number): Branch {
    const mode = MODES.get(this.#modes[row] ?? '');
    const tree = this.#trees[row] ?? -1;
    if (mode === undefined) throw new UnsupportedModel(`it has nodes of the mode ${this.#modes[row]}`);
    return {
      kind: 'branch',
      feature: this.#features[row] ?? -1,
      mode,
      value: this.#values[row] ?? Number.NaN,
      missingTrue: this.#missingTrue[row] === 1,
      whenTrue: this.#node(this.#row(tree, this.#whenTrue[row])),
      whenFalse: this.#node(this.#row(tree, this.#whenFalse[row])),
    };
  }

  #row(tree: number, node = -1): number {
    // Nearly every model numbers the nodes of a tree as they stand.
    const likely = this.#firstRow(tree) + node;
    if (this.#rows === null && this.#nodes[likely] === node && this.#trees[likely] === tree) return likely;
    this.#rows ??= this.#rowsByNumber();
    const row = this.#rows.get(tree)?.get(node);
    if (row === undefined) throw new UnsupportedModel(`tree ${tree} has no node ${node}`);
    return row;
  }

  #firstRow(tree: number): number {
    if (tree !== this.#lastTree) {
      this.#lastTree = tree;
      this.#lastFirst = this.#firstRows.get(tree) ?? -1;
    }
    return this.#lastFirst;
  }

  #rowsByNumber(): ReadonlyMap<number, ReadonlyMap<number, number>> {
    const found = new Map<number, Map<number, number>>();
    this.#trees.forEach((tree, row) => {
      const rows = found.get(tree) ?? new Map<number, number>();
      found.set(tree, rows.set(this.#nodes[row] ?? -1, row));
    });
    return found;
  }
}
