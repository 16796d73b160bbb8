const NEW_LINE = 10;
const MINUS = 45;
const COLON = 58;
const ZERO = 48;

/** Counts replies of one line each, adds up those that are numbers, and keeps the first that is an error. */
export class ReplyCounter {
  #count = 0;
  #sum = 0;
  #error: string | undefined;
  /** The first byte of the line that is being received; 0 at its start. */
  #kind = 0;
  #number = 0;
  #line: number[] = [];

  get count(): number {
    return this.#count;
  }

  /** Of all replies that were numbers. */
  get sum(): number {
    return this.#sum;
  }

  /** Without the leading minus: `OOM command not allowed ...`. */
  get error(): string | undefined {
    return this.#error;
  }

  take(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === NEW_LINE) this.#endLine();
      else if (this.#kind === 0) this.#kind = byte;
      else if (this.#kind === MINUS) this.#line.push(byte);
      else if (this.#kind === COLON && byte >= ZERO) this.#number = this.#number * 10 + byte - ZERO;
    }
  }

  #endLine(): void {
    this.#count++;
    this.#sum += this.#number;
    if (this.#kind === MINUS) this.#error ??= Buffer.from(this.#line).toString('utf8').trimEnd();
    this.#kind = 0;
    this.#number = 0;
    if (this.#line.length > 0) this.#line = [];
  }
}
