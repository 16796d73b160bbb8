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
  readonly #rows = new Map<number, Map<number, number>>();
  readonly #votes = new Map<number, Vote[]>();
  readonly #made = new Map<number, TreeNode>();
  readonly #open = new Set<number>();

  constructor(attributes: Attributes, votes: VoteColumns) {
    this.#features = attributes.ints('nodes_featureids');
    this.#values = attributes.numbers('nodes_values');
    this.#modes = attributes.texts('nodes_modes');
    this.#trees = attributes.ints('nodes_treeids');
    this.#nodes = attributes.ints('nodes_nodeids');
    this.#whenTrue = attributes.ints('nodes_truenodeids');
    this.#whenFalse = attributes.ints('nodes_falsenodeids');
    this.#missingTrue = attributes.ints('nodes_missing_value_tracks_true');
    this.#trees.forEach((tree, row) => {
      let rows = this.#rows.get(tree);
      if (rows === undefined) {
        rows = new Map();
        this.#rows.set(tree, rows);
      }
      rows.set(this.#nodes[row] ?? -1, row);
    });
    this.#readVotes(votes);
  }

  trees(): readonly TreeNode[] {
    // A tree begins with the first of its nodes.
    return this.#trees.flatMap((tree, row) => (tree === this.#trees[row - 1] ? [] : [this.#node(row)]));
  }

  #readVotes({ trees, nodes, targets, weights, count }: VoteColumns): void {
    trees.forEach((tree, index) => {
      const row = this.#row(tree, nodes[index]);
      const [target, weight] = [targets[index] ?? -1, weights[index] ?? Number.NaN];
      if (target < 0 || target >= count) throw new UnsupportedModel(`a leaf votes for target ${target}`);
      if (!Number.isFinite(weight)) throw new UnsupportedModel(`the weight of a leaf is ${weight}`);
      const votes = this.#votes.get(row);
      if (votes === undefined) this.#votes.set(row, [{ target, weight }]);
      else if (votes.some((vote) => vote.target === target))
        throw new UnsupportedModel('a leaf has two weights for one target');
      else votes.push({ target, weight });
    });
  }

  #node(row: number): TreeNode {
    const made = this.#made.get(row);
    if (made !== undefined) return made;
    if (this.#open.has(row)) throw new UnsupportedModel('the nodes of a tree form a circle');
    this.#open.add(row);
    const node = this.#modes[row] === 'LEAF' ? this.#leaf(row) : this.#branch(row);
    this.#open.delete(row);
    this.#made.set(row, node);
    return node;
  }

  #leaf(row: number): Leaf {
    const votes = this.#votes.get(row);
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
      values: [this.#values[row] ?? Number.NaN],
      missingTrue: this.#missingTrue[row] === 1,
      whenTrue: this.#node(this.#row(tree, this.#whenTrue[row])),
      whenFalse: this.#node(this.#row(tree, this.#whenFalse[row])),
    };
  }

  #row(tree: number, node = -1): number {
    const row = this.#rows.get(tree)?.get(node);
    if (row === undefined) throw new UnsupportedModel(`tree ${tree} has no node ${node}`);
    return row;
  }
}
