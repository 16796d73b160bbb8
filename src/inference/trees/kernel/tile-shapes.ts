import type { Pattern } from '../wasm/pattern-function.ts';

/** What pieces of trees look like, apart from what they compare: a handful for all trees. */
export interface Shape {
  readonly pattern: Pattern;
  /** Names it: `(L(LS))` is a node, its low end a leaf, its high end a node with a leaf and a slot. */
  readonly key: string;
  readonly nodes: number;
  readonly leaves: number;
  readonly slots: number;
}

const LEAF: Shape = { pattern: 'leaf', key: 'L', nodes: 0, leaves: 1, slots: 0 };
const SLOT: Shape = { pattern: 'slot', key: 'S', nodes: 0, leaves: 0, slots: 1 };

/** Each shape is made once: trees have a thousand nodes of the same one. */
export class Shapes {
  readonly leaf = LEAF;
  readonly slot = SLOT;
  readonly #joined = new Map<Shape, Map<Shape, Shape>>();

  /** A node with these ends. */
  join(low: Shape, high: Shape): Shape {
    const withLow = this.#joined.get(low) ?? new Map<Shape, Shape>();
    if (withLow.size === 0) this.#joined.set(low, withLow);
    const known = withLow.get(high);
    if (known !== undefined) return known;
    const joined: Shape = {
      pattern: { low: low.pattern, high: high.pattern },
      key: `(${low.key}${high.key})`,
      nodes: 1 + low.nodes + high.nodes,
      leaves: low.leaves + high.leaves,
      slots: low.slots + high.slots,
    };
    withLow.set(high, joined);
    return joined;
  }
}
