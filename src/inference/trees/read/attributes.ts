import type { Attribute, GraphNode } from '../../onnx/onnx-graph.ts';
import { UnsupportedModel } from '../kernel/ensemble.ts';

/** Attributes of a node by name; what is absent is empty. */
export class Attributes {
  readonly #all: ReadonlyMap<string, Attribute>;
  /** Lists that are read item by item are looked at once. */
  readonly #checked = new Set<string>();

  constructor(node: GraphNode) {
    this.#all = node.attributes;
  }

  get(name: string): Attribute | undefined {
    return this.#all.get(name);
  }

  text(name: string, otherwise: string): string {
    return this.#all.get(name)?.text ?? otherwise;
  }

  int(name: string, otherwise: number): number {
    return exact(name, this.#all.get(name)?.int ?? otherwise);
  }

  float(name: string, otherwise: number): number {
    return this.#all.get(name)?.float ?? otherwise;
  }

  ints(name: string): readonly number[] {
    const ints = this.#all.get(name)?.ints ?? [];
    if (!this.#checked.has(name) && !ints.every(Number.isSafeInteger)) throw inexact(name);
    this.#checked.add(name);
    return ints;
  }

  floats(name: string): readonly number[] {
    return this.#all.get(name)?.floats ?? [];
  }

  texts(name: string): readonly string[] {
    return this.#all.get(name)?.texts ?? [];
  }

  /** The numbers of a tensor, or none. */
  tensor(name: string): readonly number[] {
    const values = this.#all.get(name)?.tensor?.values ?? [];
    return values.filter((value): value is number => typeof value === 'number');
  }

  /** An attribute of older models, or the tensor that newer ones have in its place. */
  numbers(name: string): readonly number[] {
    const tensor = this.tensor(`${name}_as_tensor`);
    return tensor.length > 0 ? tensor : this.floats(name);
  }
}

/** Numbers of 64 bits were read as float64. */
function exact(name: string, value: number): number {
  if (Number.isSafeInteger(value)) return value;
  throw inexact(name);
}

function inexact(name: string): UnsupportedModel {
  return new UnsupportedModel(`${name} has a whole number beyond 2^53`);
}
