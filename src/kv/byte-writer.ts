const SHORT_TEXT = 40;

/** Bytes that are being put together; the buffer grows as needed and is used again after `clear`. */
export class ByteWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
  }

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
  }

  /** What was written so far: a view, valid until the next write or `clear`. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** Carriage return and line feed. */
  lineEnd(): void {
    this.byte(13);
    this.byte(10);
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#length = this.#bytes.writeUInt32BE(value, this.#length);
  }

  float64(value: number): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleBE(value, this.#length);
  }

  /** A non-negative integer in groups of seven bits, lowest first: one byte below 128. */
  varint(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** Text as UTF-8; returns the number of bytes. */
  text(text: string): number {
    this.#reserve(text.length * 3);
    const start = this.#length;
    if (text.length > SHORT_TEXT || !this.#ascii(text))
      this.#length = start + this.#bytes.write(text, start, 'utf8');
    return this.#length - start;
  }

  /** Text as UTF-8 behind its number of bytes as a varint; returns the bytes of the text alone. */
  sizedText(text: string): number {
    if (text.length * 3 >= 128) {
      this.varint(Buffer.byteLength(text));
      return this.text(text);
    }
    this.byte(0);
    const sizeAt = this.#length - 1;
    const bytes = this.text(text);
    this.#bytes[sizeAt] = bytes;
    return bytes;
  }

  /** Short texts byte by byte: for them the call into native code costs more than the loop. */
  #ascii(text: string): boolean {
    const bytes = this.#bytes;
    let at = this.#length;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code >= 128) return false;
      bytes[at++] = code;
    }
    this.#length = at;
    return true;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
