import { setFloat16 } from '@petamoriken/float16';
import type { InputBinding } from '../core/plan.ts';
import { allocateTensor, type TensorData } from '../core/tensor-data.ts';

/** One chunk of cast features: `columns[i]` has the values of the i-th bound column. */
export interface FeatureChunk {
  readonly rows: number;
  readonly columns: readonly FeatureColumn[];
}

/** Values of one column of a chunk, already of the tensor's type (float16 as float32). */
export interface FeatureColumn {
  readonly values: ArrayLike<number> | ArrayLike<bigint> | ArrayLike<string>;
}

/**
 * The tensors of one batch, filled row by row and used again for the next batch: no allocation in the
 * hot loop.
 */
export class FeatureBatch {
  readonly capacity: number;
  /** Positions, within the shard, of the rows in the batch. */
  readonly positions: Int32Array;
  rows = 0;
  readonly #inputs: readonly InputBuffer[];

  /** `capacity` rows; with a fixed batch dimension that is what the model wants. */
  constructor(bindings: readonly InputBinding[], capacity: number) {
    this.capacity = capacity;
    this.positions = new Int32Array(capacity);
    let first = 0;
    this.#inputs = bindings.map((binding) => {
      const buffer = new InputBuffer(binding, capacity, first);
      first += binding.columns.length;
      return buffer;
    });
  }

  get isFull(): boolean {
    return this.rows === this.capacity;
  }

  /**
   * Appends rows `from` to `to` (exclusive) of a chunk; they must fit. `position` is that of row `from`
   * in the shard.
   */
  append(chunk: FeatureChunk, from: number, to: number, position: number): void {
    for (const input of this.#inputs) input.copy(chunk, from, to, this.rows);
    for (let row = from; row < to; row++) this.positions[this.rows + row - from] = position + row - from;
    this.rows += to - from;
  }

  clear(): void {
    this.rows = 0;
  }

  /**
   * The tensors of rows `from` to `to` (exclusive), made up to `modelRows` by repeating the first one
   * `before` times before them and the last one after them: a padded row must be one that the model
   * accepts.
   */
  tensors(
    from: number,
    to: number,
    modelRows: number,
    before = 0,
  ): ReadonlyMap<string, { data: TensorData; dims: readonly number[] }> {
    return new Map(this.#inputs.map((input) => [input.name, input.tensor(from, to, modelRows, before)]));
  }
}

class InputBuffer {
  readonly name: string;
  readonly #binding: InputBinding;
  readonly #data: TensorData;
  readonly #firstColumn: number;
  readonly #width: number;

  constructor(binding: InputBinding, capacity: number, firstColumn: number) {
    this.name = binding.input;
    this.#binding = binding;
    this.#firstColumn = firstColumn;
    this.#width = binding.columns.length;
    this.#data = allocateTensor(binding.elementType, capacity * this.#width);
  }

  copy(chunk: FeatureChunk, from: number, to: number, rowStart: number): void {
    const width = this.#width;
    for (let column = 0; column < width; column++) {
      const values = chunk.columns[this.#firstColumn + column]?.values ?? [];
      const start = rowStart * width + column;
      if (this.#binding.elementType === 'float16')
        copyFloat16(values as ArrayLike<number>, this.#data as Uint16Array, from, to, start, width);
      else if (this.#binding.elementType === 'float32' && values instanceof Float32Array)
        copyFloat32(values, this.#data as Float32Array, from, to, start, width);
      else copyAny(values as ArrayLike<number>, this.#data as Float64Array, from, to, start, width);
    }
  }

  tensor(
    from: number,
    to: number,
    modelRows: number,
    before: number,
  ): { data: TensorData; dims: readonly number[] } {
    const dims = [modelRows, ...this.#binding.rowShape];
    const width = this.#width;
    const given = slice(this.#data, from * width, to * width);
    if (to - from === modelRows) return { data: given, dims };
    const padded = allocateTensor(this.#binding.elementType, modelRows * width);
    const after = before + to - from;
    copyInto(padded, given, before * width);
    for (let row = 0; row < before; row++) copyInto(padded, slice(given, 0, width), row * width);
    const last = slice(given, given.length - width, given.length);
    for (let row = after; row < modelRows; row++) copyInto(padded, last, row * width);
    return { data: padded, dims };
  }
}

// Two copies of one loop: a loop that sees one kind of array is several times faster.
function copyFloat32(
  values: Float32Array,
  data: Float32Array,
  from: number,
  to: number,
  start: number,
  stride: number,
): void {
  for (let row = from, target = start; row < to; row++, target += stride)
    data[target] = values[row] as number;
}

function copyAny(
  values: ArrayLike<number>,
  data: Float64Array,
  from: number,
  to: number,
  start: number,
  stride: number,
): void {
  for (let row = from, target = start; row < to; row++, target += stride)
    data[target] = values[row] as number;
}

function copyFloat16(
  values: ArrayLike<number>,
  data: Uint16Array,
  from: number,
  to: number,
  start: number,
  stride: number,
): void {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let row = from, target = start; row < to; row++, target += stride)
    setFloat16(view, target * 2, values[row] as number, true);
}

function slice(data: TensorData, from: number, to: number): TensorData {
  if (Array.isArray(data)) return from === 0 && to === data.length ? data : data.slice(from, to);
  return data.subarray(from, to);
}

/** Both arrays are of one kind. */
function copyInto(target: TensorData, values: TensorData, at: number): void {
  if (Array.isArray(target)) for (let i = 0; i < values.length; i++) target[at + i] = values[i] as string;
  else (target as Float64Array).set(values as Float64Array, at);
}
