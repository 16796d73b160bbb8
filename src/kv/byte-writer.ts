/** Names of commands and the like: for them, too, a call into native code costs more than a loop. */
const SHORT_TEXT = 12;
/** Longer pieces are copied by native code: for short ones the call costs more than the loop. */
const SHORT_PIECE = 48;

const ZERO = 48;
const POINT = 46;
export const POWERS_OF_TEN: readonly number[] = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

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

  /** A non-negative integer below 2^32 in decimal digits. */
  decimal(value: number): void {
    if (value < 10) {
      this.byte(ZERO + value);
      return;
    }
    const end = this.#length + digitsOf(value);
    this.#reserve(end - this.#length);
    const bytes = this.#bytes;
    let rest = value;
    for (let at = end - 1; at >= this.#length; at--) {
      const next = Math.floor(rest / 10);
      bytes[at] = ZERO + (rest - next * 10);
      rest = next;
    }
    this.#length = end;
  }

  /**
   * A non-negative integer below 2^31 as a decimal number whose last `decimals` digits stand behind the
   * point, without zeros at its end: `3.0`, `0.05`.
   */
  digits(value: number, decimals: number): void {
    let rest = value | 0;
    let behind = decimals;
    while (behind > 1 && rest % 10 === 0) {
      rest = (rest / 10) | 0;
      behind--;
    }
    let before = behind === 0 ? rest : Math.floor(rest / (POWERS_OF_TEN[behind] as number));
    const end = this.#length + digitsOf(before) + 1 + Math.max(behind, 1);
    this.#reserve(end - this.#length);
    const bytes = this.#bytes;
    let at = end;
    if (behind === 0) bytes[--at] = ZERO;
    for (; behind > 0; behind--) {
      const next = (rest / 10) | 0;
      bytes[--at] = ZERO + (rest - next * 10);
      rest = next;
    }
    bytes[--at] = POINT;
    do {
      const next = (before / 10) | 0;
      bytes[--at] = ZERO + (before - next * 10);
      before = next;
    } while (before > 0);
    this.#length = end;
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
  piece(source: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    if (end - start > SHORT_PIECE) this.#bytes.set(source.subarray(start, end), this.#length);
    else {
      const bytes = this.#bytes;
      let at = this.#length;
      for (let index = start; index < end; index++) bytes[at++] = source[index] as number;
    }
    this.#length += end - start;
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

function digitsOf(value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  return digits;
}
