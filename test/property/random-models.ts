import type { Dimension } from '../../src/core/model.ts';
import type { OnnxGraph, OnnxIntegers, OnnxNode, OnnxWeights } from '../support/onnx.ts';

/** A model made of steps that keep rows apart, and where its rows end up. */
export interface RandomModel {
  readonly name: string;
  readonly graph: OnnxGraph;
  /** The same graph for any number of rows. */
  readonly open: OnnxGraph;
  /** Dimensions of one row of its input. */
  readonly rowShape: readonly number[];
  /** Whether the values of a row lie side by side in its output. */
  readonly isServable: boolean;
}

/** Always the same numbers, from 0 to 1. */
function random(seed: number): () => number {
  let state = Math.imul(seed + 1, 2_654_435_761);
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

class Builder {
  readonly nodes: OnnxNode[] = [];
  readonly weights: (OnnxWeights | OnnxIntegers)[] = [];
  readonly says: string[] = [];
  /** Dimensions behind the rows. */
  shape: readonly number[];
  readonly #next: () => number;
  #value = 'x';

  constructor(shape: readonly number[], next: () => number) {
    this.shape = shape;
    this.#next = next;
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#next() * list.length)] as T;
  }

  get width(): number {
    return this.shape.reduce((all, size) => all * size, 1);
  }

  #add(operator: string, extra: readonly string[], attributes: OnnxNode['attributes'] = {}): void {
    const output = `v${this.nodes.length + 1}`;
    this.nodes.push({ operator, inputs: [this.#value, ...extra], outputs: [output], attributes });
    this.#value = output;
  }

  #constant(integers: readonly number[]): string {
    const name = `c${this.weights.length}`;
    this.weights.push({ name, integers });
    return name;
  }

  step(): void {
    const kind = this.pick(['unary', 'product', 'reshape', 'transpose', 'softmax'] as const);
    this.says.push(kind);
    if (kind === 'unary') this.#add(this.pick(['Relu', 'Neg', 'Tanh', 'Abs', 'Sigmoid']), []);
    if (kind === 'softmax' && this.shape.length > 0) this.#add('Softmax', [], { axis: this.shape.length });
    if (kind === 'product' && this.shape.length > 0) this.#product();
    if (kind === 'reshape') this.reshape(this.#split());
    if (kind === 'transpose' && this.shape.length > 1) this.#transposeInner();
  }

  #product(): void {
    const [from, to] = [this.shape.at(-1) ?? 1, this.pick([1, 2, 3])];
    const name = `w${this.weights.length}`;
    const values = Array.from({ length: from * to }, () => Math.round(this.#next() * 8 - 4) / 2);
    this.weights.push({ name, shape: [from, to], values });
    this.#add('MatMul', [name]);
    this.shape = [...this.shape.slice(0, -1), to];
  }

  /** Dimensions of a row with the same number of values. */
  #split(): readonly number[] {
    const { width } = this;
    const factor = this.pick([1, 2, 3].filter((each) => width % each === 0));
    return this.pick([[width], [factor, width / factor], [1, factor, width / factor]]);
  }

  reshape(to: readonly number[]): void {
    this.#add('Reshape', [this.#constant([-1, ...to])]);
    this.shape = to;
  }

  #transposeInner(): void {
    const axes = this.shape.map((_, axis) => axis + 1).reverse();
    this.#add('Transpose', [], { perm: [0, ...axes] });
    this.shape = axes.map((axis) => this.shape[axis - 1] ?? 1);
  }

  /** Puts the rows somewhere; answers whether the values of a row still lie side by side. */
  end(): boolean {
    const { width } = this;
    const kind = this.pick([
      'rows first',
      'rows first',
      'in front of 1',
      'one dimension',
      'rows later',
    ] as const);
    this.says.push(kind);
    if (kind === 'in front of 1') this.#add('Unsqueeze', [this.#constant([0])]);
    if (kind === 'one dimension') this.#add('Reshape', [this.#constant([-1])]);
    const axes = this.shape.map((_, axis) => axis + 1);
    const before = kind === 'rows later' && axes.length > 0 ? this.pick(axes) : 0;
    if (before > 0)
      this.#add('Transpose', [], { perm: [...axes.slice(0, before), 0, ...axes.slice(before)] });
    this.#add('Identity', []);
    if (kind === 'one dimension') return width === 1;
    return this.shape.slice(0, before).every((size) => size === 1);
  }

  graph(first: Dimension, rowShape: readonly number[]): OnnxGraph {
    const last = this.nodes.at(-1);
    const nodes = last === undefined ? [] : [...this.nodes.slice(0, -1), { ...last, outputs: ['y'] }];
    return {
      inputs: [{ name: 'x', elementType: 'float32', shape: [first, ...rowShape] }],
      outputs: [{ name: 'y', elementType: 'float32', shape: null }],
      nodes,
      weights: this.weights,
    };
  }
}

export function randomModel(seed: number): RandomModel {
  const next = random(seed);
  const rowShape = [[], [1], [2], [6], [2, 3], [3, 1, 2]][Math.floor(next() * 6)] as number[];
  const builder = new Builder(rowShape, next);
  const first = builder.pick(['rows', 'rows', null, 1, 5] as const);
  const steps = Math.floor(next() * 4);
  for (let step = 0; step < steps; step++) builder.step();
  const isRowsFirst = builder.end();
  return {
    name: `${seed}: [${[first, ...rowShape].join(', ')}] ${builder.says.join(', ')}`,
    graph: builder.graph(first, rowShape),
    open: builder.graph('rows', rowShape),
    rowShape,
    // One row a call: whatever comes out is that row's.
    isServable: isRowsFirst || first === 1,
  };
}
