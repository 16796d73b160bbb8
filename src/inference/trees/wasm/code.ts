/** The value types of WebAssembly that kernels use. */
export const TYPE = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;
export type ValueType = (typeof TYPE)[keyof typeof TYPE];

const NO_RESULT = 0x40;

/** Instructions of one byte (webassembly.github.io/spec/core/appendix/index-instructions.html). */
const PLAIN = {
  drop: 0x1a,
  select: 0x1b,
  i32Eqz: 0x45,
  i32LtU: 0x49,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32Mul: 0x6c,
  i32And: 0x71,
  i32Shl: 0x74,
  i32ShrU: 0x76,
  i32GeS: 0x4e,
  i32GtS: 0x4a,
  f32Eq: 0x5b,
  f32Ge: 0x60,
  f32Ne: 0x5c,
  f32Lt: 0x5d,
  f32Gt: 0x5e,
  f32Add: 0x92,
  f64Eq: 0x61,
  f64Ge: 0x66,
  f64Ne: 0x62,
  f64Lt: 0x63,
  f64Gt: 0x64,
  f64Add: 0xa0,
} as const;
export type Plain = keyof typeof PLAIN;

/** Instructions with the prefix 0xfd and no operand. */
const VECTOR = {
  swizzle: 0x0e,
  i8x16Splat: 0x0f,
  i16x8Splat: 0x10,
  i32x4Splat: 0x11,
  i8x16Eq: 0x23,
  i8x16Ne: 0x24,
  i8x16GtS: 0x27,
  f32x4Eq: 0x41,
  f32x4Ne: 0x42,
  f32x4Ge: 0x46,
  f64x2Ge: 0x4c,
  f64x2Ne: 0x48,
  and: 0x4e,
  or: 0x50,
  xor: 0x51,
  bitselect: 0x52,
  i8x16NarrowI16x8S: 0x65,
  i8x16NarrowI16x8U: 0x66,
  f32x4Floor: 0x68,
  i8x16ShrU: 0x6d,
  i8x16Sub: 0x71,
  i8x16MaxU: 0x79,
  i16x8NarrowI32x4S: 0x85,
  i16x8ExtendLowS: 0x87,
  i16x8ExtendHighS: 0x88,
  i16x8Sub: 0x91,
  i16x8SubSatU: 0x93,
  i16x8MinU: 0x97,
  i16x8MaxU: 0x99,
  i32x4ShrU: 0xad,
  i32x4Sub: 0xb1,
  f32x4Add: 0xe4,
  f32x4Sub: 0xe5,
  f32x4Mul: 0xe6,
  f32x4Pmin: 0xea,
  f32x4Pmax: 0xeb,
} as const;
export type VectorOp = keyof typeof VECTOR;

const MEMORY = {
  i32Load: [0x28],
  f32Load: [0x2a],
  f64Load: [0x2b],
  i32Load8U: [0x2d],
  i32Load16U: [0x2f],
  i32Store: [0x36],
  f32Store: [0x38],
  f64Store: [0x39],
  i32Store8: [0x3a],
  i32Store16: [0x3b],
  v128Load: [0xfd, 0x00],
  v128Load8Splat: [0xfd, 0x07],
  v128Load16Splat: [0xfd, 0x08],
  v128Load32Splat: [0xfd, 0x09],
  v128Store: [0xfd, 0x0b],
} as const;
export type MemoryOp = keyof typeof MEMORY;

/** The instructions of one function, written one after the other. */
export class Code {
  readonly #bytes: number[] = [];
  readonly #parameters: number;
  readonly #locals: ValueType[] = [];

  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  /** A new local variable; its number. */
  local(type: ValueType): number {
    this.#locals.push(type);
    return this.#parameters + this.#locals.length - 1;
  }

  get(local: number): this {
    return this.#emit(0x20).#unsigned(local);
  }

  set(local: number): this {
    return this.#emit(0x21).#unsigned(local);
  }

  tee(local: number): this {
    return this.#emit(0x22).#unsigned(local);
  }

  i32(value: number): this {
    return this.#emit(0x41).#all(signed(value));
  }

  plain(...names: readonly Plain[]): this {
    for (const name of names) this.#emit(PLAIN[name]);
    return this;
  }

  vector(...names: readonly VectorOp[]): this {
    for (const name of names) this.#emit(0xfd).#unsigned(VECTOR[name]);
    return this;
  }

  /** `align` is the power of two that the address is a multiple of. */
  memory(name: MemoryOp, offset = 0, align = 0): this {
    for (const byte of MEMORY[name]) this.#emit(byte);
    return this.#emit(align).#unsigned(offset);
  }

  shuffle(lanes: readonly number[]): this {
    return this.#emit(0xfd).#emit(0x0d).#all(lanes);
  }

  /** The whole number in one of four lanes. */
  lane(index: number): this {
    return this.#emit(0xfd).#emit(0x1b).#emit(index);
  }

  /** A vector of sixteen bytes. */
  vectorOf(bytes: readonly number[]): this {
    return this.#emit(0xfd).#emit(0x0c).#all(bytes);
  }

  /** Sixteen times the same byte. */
  bytes(value: number): this {
    return this.vectorOf(new Array<number>(16).fill(value & 0xff));
  }

  /** Four times the same whole number of 32 bits. */
  words(value: number): this {
    const word = [0, 8, 16, 24].map((shift) => (value >> shift) & 0xff);
    return this.vectorOf([...word, ...word, ...word, ...word]);
  }

  /** Repeats `body` while the condition that it leaves on the stack holds. */
  repeat(body: () => void): this {
    this.#emit(0x03).#emit(NO_RESULT);
    body();
    return this.#emit(0x0d).#emit(0x00).#emit(0x0b);
  }

  /** Calls a function of the table by the number on the stack. */
  callIndirect(type: number): this {
    return this.#emit(0x11).#unsigned(type).#emit(0x00);
  }

  /** The function as the code section has it. */
  encode(): Uint8Array {
    const locals = this.#locals.flatMap((type) => [1, type]);
    const head = [...unsigned(this.#locals.length), ...locals];
    const start = [...unsigned(head.length + this.#bytes.length + 1), ...head];
    const encoded = new Uint8Array(start.length + this.#bytes.length + 1);
    encoded.set(start);
    encoded.set(this.#bytes, start.length);
    encoded[encoded.length - 1] = 0x0b;
    return encoded;
  }

  #emit(byte: number): this {
    this.#bytes.push(byte);
    return this;
  }

  #all(bytes: readonly number[]): this {
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  /** As {@link unsigned}, without a list: an instruction has one or two of them. */
  #unsigned(value: number): this {
    let rest = value;
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) this.#bytes.push((rest & 0x7f) | 0x80);
    this.#bytes.push(rest);
    return this;
  }
}

/** LEB128 */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest < -64 || rest > 63) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  return [...bytes, rest & 0x7f];
}
