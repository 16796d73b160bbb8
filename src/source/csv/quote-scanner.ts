import type { Quoting } from './split-records.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Told the place of a newline byte in a block, which byte it is, and whether it stands in quotes. */
export type NewlineListener = (index: number, byte: number, isQuoted: boolean) => void;

/** Walks over the bytes of a CSV, block by block, and knows which newlines stand in quotes. */
export class QuoteScanner {
  readonly #quote: number;
  readonly #escape: number;
  /** A field begins behind it. Of a longer delimiter the last byte. */
  readonly #delimiter: number;
  #isQuoted = false;
  #atStart = true;
  #isEscaped = false;
  #wasQuote = false;

  constructor({ quote, escape: escapes, delimiter }: Quoting) {
    this.#quote = Buffer.from(quote)[0] ?? -1;
    this.#escape = Buffer.from(escapes)[0] ?? -1;
    this.#delimiter = Buffer.from(delimiter).at(-1) ?? -1;
  }

  scan(block: Buffer, onNewline: NewlineListener): void {
    for (let index = 0; index < block.length; index++) {
      const byte = block[index] ?? 0;
      if (byte === LINE_FEED || byte === CARRIAGE_RETURN) onNewline(index, byte, this.#isQuoted);
      if (this.#isQuoted) this.#insideQuotes(byte);
      else this.#outside(byte);
    }
  }

  #insideQuotes(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === this.#escape && this.#escape !== this.#quote) this.#isEscaped = true;
    else if (byte === this.#quote) {
      this.#isQuoted = false;
      this.#wasQuote = this.#escape === this.#quote;
      this.#atStart = false;
    }
  }

  #outside(byte: number): void {
    if (byte === this.#quote && (this.#atStart || this.#wasQuote)) this.#isQuoted = true;
    this.#wasQuote = false;
    this.#atStart = byte === this.#delimiter || byte === LINE_FEED || byte === CARRIAGE_RETURN;
  }
}
