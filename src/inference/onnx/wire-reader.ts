/** How a field of protobuf is written: the last three bits of its tag. */
export const WIRE = {
  varint: 0,
  fixed64: 1,
  lengthDelimited: 2,
  groupStart: 3,
  groupEnd: 4,
  fixed32: 5,
} as const;

/** Longer texts are not compared with the one before. */
const SHORT_TEXT = 32;

/**
 * Reads protobuf, field by field. Throws `RangeError` where it is cut off, and `TypeError` where it is none. A model of
 * trees has a field for each number of each node, and is read once by each process: nothing is allocated for a field.
 */
export class WireReader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  #at = 0;
  #tag = 0;
  /** By length the last text of it: a list of texts has mostly few different ones, such as those of nodes' modes. */
  readonly #texts: (string | undefined)[] = [];
  /** By length where it begins. */
  readonly #textStarts: number[] = [];

  constructor(bytes: Uint8Array) {
    const { buffer, byteOffset, byteLength } = bytes;
    this.#bytes = Buffer.from(buffer, byteOffset, byteLength);
    this.#view = new DataView(buffer, byteOffset, byteLength);
  }

  get at(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Goes to the next field, whose value is read or skipped next; false: there is none. */
  next(): boolean {
    if (this.#at >= this.#bytes.length) return false;
    this.#tag = this.uint32();
    return true;
  }

  /** The number of this field. */
  get field(): number {
    return this.#tag >>> 3;
  }

  /** How this field is written. */
  get wire(): number {
    return this.#tag & 7;
  }

  /** Goes to the next field where that has the same number: repeated values are mostly a field each. */
  goesOn(): boolean {
    if (this.#tag > 0x7f || this.#bytes[this.#at] !== this.#tag) return false;
    this.#at++;
    return true;
  }

  uint32(): number {
    return this.#short() ?? Number(BigInt.asUintN(32, this.#varint()));
  }

  int32(): number {
    return this.uint32() | 0;
  }

  /** Beyond 2**53 the nearest float64. */
  int64(): number {
    return this.#short() ?? Number(BigInt.asIntN(64, this.#varint()));
  }

  float(): number {
    return this.#view.getFloat32(this.#pass(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.#pass(8), true);
  }

  bytes(): Uint8Array {
    const length = this.uint32();
    const start = this.#pass(length);
    return this.#bytes.subarray(start, start + length);
  }

  string(): string {
    const length = this.uint32();
    const start = this.#pass(length);
    const known = this.#texts[length];
    if (known !== undefined && this.#isSame(start, this.#textStarts[length] ?? 0, length)) return known;
    const text = this.#bytes.toString('utf8', start, start + length);
    if (length < SHORT_TEXT) {
      this.#texts[length] = text;
      this.#textStarts[length] = start;
    }
    return text;
  }

  /** Whether as many bytes are the same: four at a time, the last four perhaps twice. */
  #isSame(start: number, other: number, length: number): boolean {
    const view = this.#view;
    if (length < 4) {
      for (let at = 0; at < length; at++)
        if (this.#bytes[start + at] !== this.#bytes[other + at]) return false;
      return true;
    }
    for (let at = 0; at < length - 4; at += 4)
      if (view.getInt32(start + at) !== view.getInt32(other + at)) return false;
    return view.getInt32(start + length - 4) === view.getInt32(other + length - 4);
  }

  /** Appends the numbers of this field, and of those that follow with its number: packed into one, or a field each. */
  floats(into: number[]): void {
    const view = this.#view;
    if (this.wire === WIRE.lengthDelimited) {
      const end = this.uint32() + this.#at;
      while (this.#at < end) into.push(view.getFloat32(this.#pass(4), true));
    } else
      do into.push(view.getFloat32(this.#pass(4), true));
      while (this.goesOn());
  }

  /** As {@link floats}, of 64 bits. */
  doubles(into: number[]): void {
    if (this.wire === WIRE.lengthDelimited) {
      const end = this.uint32() + this.#at;
      while (this.#at < end) into.push(this.double());
    } else
      do into.push(this.double());
      while (this.goesOn());
  }

  /** As {@link floats}, of whole numbers. */
  int64s(into: number[]): void {
    if (this.wire === WIRE.lengthDelimited) {
      const end = this.uint32() + this.#at;
      while (this.#at < end) into.push(this.int64());
    } else
      do {
        // Most have one byte.
        const byte = this.#bytes[this.#at];
        if (byte === undefined || byte > 0x7f) into.push(this.int64());
        else {
          into.push(byte);
          this.#at++;
        }
      } while (this.goesOn());
  }

  /** As {@link floats}, of texts. */
  strings(into: string[]): void {
    do into.push(this.string());
    while (this.goesOn());
  }

  /** Passes over the value of this field. */
  skip(): void {
    this.#skip(this.wire);
  }

  #skip(wire: number): void {
    if (wire === WIRE.varint) this.int64();
    else if (wire === WIRE.fixed64) this.#pass(8);
    else if (wire === WIRE.lengthDelimited) this.#pass(this.uint32());
    else if (wire === WIRE.fixed32) this.#pass(4);
    else if (wire === WIRE.groupStart) this.#skipGroup();
    else throw new TypeError(`wire type ${wire} at byte ${this.#at} is none of protobuf's`);
  }

  #skipGroup(): void {
    for (let wire = this.uint32() & 7; wire !== WIRE.groupEnd; wire = this.uint32() & 7) this.#skip(wire);
  }

  /** Most numbers have few bytes. Undefined, and nothing is read: this one has more than four. */
  #short(): number | undefined {
    const bytes = this.#bytes;
    let at = this.#at;
    let byte = bytes[at++];
    let value = 0;
    for (let shift = 0; shift < 28 && byte !== undefined; shift += 7) {
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.#at = at;
        return value;
      }
      byte = bytes[at++];
    }
    return undefined;
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new RangeError('the bytes end within a number');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new TypeError(`the number before byte ${this.#at} has more than 10 bytes`);
  }

  /** Where what is passed over begins. */
  #pass(length: number): number {
    const start = this.#at;
    if (start + length > this.#bytes.length) throw new RangeError('the bytes end within a field');
    this.#at += length;
    return start;
  }
}
