import {
  type Aggregate,
  type Branch,
  type Leaf,
  MODES,
  type TreeNode,
  UnsupportedModel,
} from '../kernel/ensemble.ts';
import type { Attributes } from './attributes.ts';
import { type Regressor, regressor } from './read-ensemble.ts';
import type { Transform } from './scores.ts';

const AGGREGATES: readonly Aggregate[] = ['average', 'sum', 'min', 'max'];

/** As ONNX Runtime numbers them: in ONNX, 1 is SOFTMAX and 2 LOGISTIC. */
const TRANSFORMS: readonly Transform[] = ['NONE', 'LOGISTIC', 'SOFTMAX', 'SOFTMAX_ZERO'];

/** TreeEnsemble of ai.onnx.ml 5. `double`: its input is. */
export function readEnsembleV5(attributes: Attributes, double: boolean): Regressor {
  const aggregate = AGGREGATES[attributes.int('aggregate_function', 1)];
  const transform = TRANSFORMS[attributes.int('post_transform', 0)];
  if (aggregate === undefined || transform === undefined)
    throw new UnsupportedModel('its aggregate function or post transform is unknown');
  const reader = new NodeReader(attributes);
  return regressor({
    ensemble: {
      double,
      trees: attributes.ints('tree_roots').map((root) => reader.root(root)),
      targets: attributes.int('n_targets', 1),
      aggregate,
    },
    baseValues: [],
    transform,
  });
}

/** `BRANCH_MEMBER`. */
const MEMBER = 6;

class NodeReader {
  readonly #attributes: Attributes;
  readonly #modes: readonly number[];
  readonly #splits: readonly number[];
  readonly #weights: readonly number[];
  readonly #made = new Map<number, Branch>();
  readonly #open = new Set<number>();

  constructor(attributes: Attributes) {
    this.#attributes = attributes;
    this.#modes = attributes.tensor('nodes_modes');
    this.#splits = attributes.tensor('nodes_splits');
    this.#weights = attributes.tensor('leaf_weights');
  }

  /** A root whose ends are the same leaf is that leaf. */
  root(index: number): TreeNode {
    const [whenTrue, whenFalse] = [this.#end('true', index), this.#end('false', index)];
    const areLeaves = whenTrue.kind === 'leaf' && whenFalse.kind === 'leaf';
    const isOne =
      areLeaves && this.#int('nodes_truenodeids', index) === this.#int('nodes_falsenodeids', index);
    return isOne ? whenTrue : this.#branch(index);
  }

  #branch(index: number): Branch {
    const made = this.#made.get(index);
    if (made !== undefined) return made;
    if (this.#open.has(index)) throw new UnsupportedModel('the nodes of a tree form a circle');
    this.#open.add(index);
    const mode = MODES[this.#modes[index] ?? -1];
    // ONNX Runtime 1.30 takes 33.5 for a member of {33}, and of {2, 33} 2.5 as well, but not of {2, 3}.
    if (this.#modes[index] === MEMBER)
      throw new UnsupportedModel('ONNX Runtime tests sets in a way of its own');
    if (mode === undefined) throw new UnsupportedModel(`it has nodes of the mode ${this.#modes[index]}`);
    const branch: Branch = {
      kind: 'branch',
      feature: this.#int('nodes_featureids', index),
      mode,
      value: this.#splits[index] ?? Number.NaN,
      missingTrue: this.#attributes.ints('nodes_missing_value_tracks_true')[index] === 1,
      whenTrue: this.#end('true', index),
      whenFalse: this.#end('false', index),
    };
    this.#open.delete(index);
    this.#made.set(index, branch);
    return branch;
  }

  #end(which: 'true' | 'false', index: number): TreeNode {
    const end = this.#int(`nodes_${which}nodeids`, index);
    return this.#int(`nodes_${which}leafs`, index) === 0 ? this.#branch(end) : this.#leaf(end);
  }

  #leaf(index: number): Leaf {
    const weight = this.#weights[index] ?? Number.NaN;
    if (!Number.isFinite(weight)) throw new UnsupportedModel(`the weight of a leaf is ${weight}`);
    return { kind: 'leaf', votes: [{ target: this.#int('leaf_targetids', index), weight }] };
  }

  #int(name: string, index: number): number {
    const value = this.#attributes.ints(name)[index];
    if (value === undefined) throw new UnsupportedModel(`${name} has no value at ${index}`);
    return value;
  }
}
