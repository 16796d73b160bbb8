/** Types of Thrift's compact protocol that Parquet's metadata has. */
const TYPE = { true: 1, false: 2, i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const;

/** Writes structures as Thrift's compact protocol has them. Fields are given in the order of their numbers. */
export class ThriftWriter {
  readonly #bytes: number[] = [];
  #lastField = 0;

  i32(field: number, value: number): this {
    this.#field(field, TYPE.i32);
    return this.#zigzag(value);
  }

  i64(field: number, value: number): this {
    this.#field(field, TYPE.i64);
    return this.#zigzag(value);
  }

  text(field: number, value: string): this {
    this.#field(field, TYPE.binary);
    return this.#text(value);
  }

  struct(field: number, write: (writer: ThriftWriter) => void): this {
    this.#field(field, TYPE.struct);
    return this.#struct(write);
  }

  structs<T>(field: number, items: readonly T[], write: (writer: ThriftWriter, item: T) => void): this {
    this.#list(field, TYPE.struct, items.length);
    for (const item of items) this.#struct((writer) => write(writer, item));
    return this;
  }

  i32s(field: number, items: readonly number[]): this {
    this.#list(field, TYPE.i32, items.length);
    for (const item of items) this.#zigzag(item);
    return this;
  }

  texts(field: number, items: readonly string[]): this {
    this.#list(field, TYPE.binary, items.length);
    for (const item of items) this.#text(item);
    return this;
  }

  /** The structure that was written. */
  end(): Uint8Array {
    return Uint8Array.from([...this.#bytes, 0]);
  }

  #field(field: number, type: number): void {
    const step = field - this.#lastField;
    this.#bytes.push((step << 4) | type);
    this.#lastField = field;
  }

  #list(field: number, type: number, length: number): void {
    this.#field(field, TYPE.list);
    if (length < 15) this.#bytes.push((length << 4) | type);
    else {
      this.#bytes.push(0xf0 | type);
      this.#varint(length);
    }
  }

  #struct(write: (writer: ThriftWriter) => void): this {
    const outer = this.#lastField;
    this.#lastField = 0;
    write(this);
    this.#bytes.push(0);
    this.#lastField = outer;
    return this;
  }

  #text(value: string): this {
    const bytes = Buffer.from(value);
    this.#varint(bytes.length);
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  #zigzag(value: number): this {
    this.#varint(value >= 0 ? value * 2 : -value * 2 - 1);
    return this;
  }

  /** Beyond 32 bits, too: offsets in a file. */
  #varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes.push((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes.push(rest);
  }
}
