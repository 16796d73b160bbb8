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

class NodeReader {
  readonly #attributes: Attributes;
  readonly #members: readonly (readonly number[])[];
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
    this.#members = membersOf(this.#modes, attributes.tensor('membership_values'));
  }

  /** A root whose ends are the same is a leaf. */
  root(index: number): TreeNode {
    const [whenTrue, whenFalse] = [
      this.#int('nodes_truenodeids', index),
      this.#int('nodes_falsenodeids', index),
    ];
    return whenTrue === whenFalse ? this.#leaf(whenTrue) : this.#branch(index);
  }

  #branch(index: number): Branch {
    const made = this.#made.get(index);
    if (made !== undefined) return made;
    if (this.#open.has(index)) throw new UnsupportedModel('the nodes of a tree form a circle');
    this.#open.add(index);
    const mode = MODES[this.#modes[index] ?? -1];
    if (mode === undefined) throw new UnsupportedModel(`it has nodes of the mode ${this.#modes[index]}`);
    const branch: Branch = {
      kind: 'branch',
      feature: this.#int('nodes_featureids', index),
      mode,
      values: mode === 'member' ? (this.#members[index] ?? []) : [this.#splits[index] ?? Number.NaN],
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

/** The members of each node's set, where it has one: they stand behind each other, with NaN between sets. */
function membersOf(modes: readonly number[], values: readonly number[]): readonly (readonly number[])[] {
  let next = 0;
  return modes.map((mode) => {
    if (MODES[mode] !== 'member') return [];
    const found = values.findIndex((value, index) => index >= next && Number.isNaN(value));
    const members = values.slice(next, found === -1 ? undefined : found);
    next = found === -1 ? values.length : found + 1;
    return members;
  });
}
