/** How a field of protobuf is written: the last three bits of its tag. */
export const WIRE = {
  varint: 0,
  fixed64: 1,
  lengthDelimited: 2,
  groupStart: 3,
  groupEnd: 4,
  fixed32: 5,
} as const;

/** Reads protobuf, field by field. Throws `RangeError` where it is cut off, and `TypeError` where it is none. */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get at(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next field: its number, and how it is written. */
  tag(): { readonly field: number; readonly wire: number } {
    const tag = this.uint32();
    return { field: tag >>> 3, wire: tag & 7 };
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
    return this.#bytes.readFloatLE(this.#skip(4));
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#skip(8));
  }

  bytes(): Uint8Array {
    const length = this.uint32();
    const start = this.#skip(length);
    return this.#bytes.subarray(start, start + length);
  }

  string(): string {
    const length = this.uint32();
    const start = this.#skip(length);
    return this.#bytes.toString('utf8', start, start + length);
  }

  /** Passes over the value of a field. */
  skip(wire: number): void {
    if (wire === WIRE.varint) this.#varint();
    else if (wire === WIRE.fixed64) this.#skip(8);
    else if (wire === WIRE.lengthDelimited) this.bytes();
    else if (wire === WIRE.fixed32) this.#skip(4);
    else if (wire === WIRE.groupStart) this.#skipGroup();
    else throw new TypeError(`wire type ${wire} at byte ${this.#at} is none of protobuf's`);
  }

  #skipGroup(): void {
    for (let { wire } = this.tag(); wire !== WIRE.groupEnd; { wire } = this.tag()) this.skip(wire);
  }

  /** Most numbers have few bytes. Undefined, and nothing is read: this one has more than four. */
  #short(): number | undefined {
    let value = 0;
    for (let index = 0; index < 4; index++) {
      const byte = this.#bytes[this.#at + index];
      if (byte === undefined) return undefined;
      value |= (byte & 0x7f) << (7 * index);
      if (byte < 0x80) {
        this.#at += index + 1;
        return value;
      }
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
  #skip(length: number): number {
    const start = this.#at;
    if (start + length > this.#bytes.length) throw new RangeError('the bytes end within a field');
    this.#at += length;
    return start;
  }
}
