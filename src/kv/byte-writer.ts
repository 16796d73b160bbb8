import { putDecimal, putPiece } from './put-bytes.ts';

/** Names of commands and the like: for them a call into native code costs more than a loop. */
const SHORT_TEXT = 12;
/** Of a number below 2^31. */
const MOST_DIGITS = 10;

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

  /** Bytes that it takes before the buffer grows. */
  get capacity(): number {
    return this.#bytes.length;
  }

  clear(): void {
    this.#length = 0;
  }

  /** What was written so far: a view, valid until the next write or `clear`. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /**
   * The buffer, with room for so many bytes behind `length`: for those who write more than a piece with the functions
   * of put-bytes.ts, and say with {@link wroteTo} how far they came. Valid until the next write.
   */
  room(bytes: number): Buffer {
    this.#reserve(bytes);
    return this.#bytes;
  }

  wroteTo(end: number): void {
    this.#length = end;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** Carriage return and line feed. */
  lineEnd(): void {
    this.#reserve(2);
    this.#bytes[this.#length++] = 13;
    this.#bytes[this.#length++] = 10;
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

  /** A non-negative integer below 2^31 in decimal digits. */
  decimal(value: number): void {
    this.#reserve(MOST_DIGITS);
    this.#length = putDecimal(this.#bytes, this.#length, value);
  }

  /** Text as UTF-8; returns the number of bytes. */
  text(text: string): number {
    this.#reserve(text.length * 3);
    if (text.length <= SHORT_TEXT && this.#ascii(text)) return text.length;
    const bytes = this.#bytes.write(text, this.#length, 'utf8');
    this.#length += bytes;
    return bytes;
  }

  /** The bytes from `start` to `end` (exclusive) of `source`. */
  piece(source: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    this.#length = putPiece(this.#bytes, this.#length, source, start, end);
  }

  /** False, with nothing written, where the text has other characters. */
  #ascii(text: string): boolean {
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code >= 128) return false;
      this.#bytes[this.#length + index] = code;
    }
    this.#length += text.length;
    return true;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
