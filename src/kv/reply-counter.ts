const NEW_LINE = 10;
const MINUS = 45;

/** Counts replies of one line each, and keeps the first that is an error. */
export class ReplyCounter {
  #count = 0;
  #error: string | undefined;
  #atLineStart = true;
  /** The error line so far, while one is being received. */
  #line: string | undefined;

  get count(): number {
    return this.#count;
  }

  /** Without the leading minus: `OOM command not allowed ...`. */
  get error(): string | undefined {
    return this.#error;
  }

  take(bytes: Buffer): void {
    for (let start = 0; start < bytes.length; ) {
      if (this.#atLineStart && bytes[start] === MINUS) this.#line = '';
      const lineEnd = bytes.indexOf(NEW_LINE, start);
      const end = lineEnd === -1 ? bytes.length : lineEnd;
      if (this.#line !== undefined) this.#line += bytes.toString('utf8', start, end);
      this.#atLineStart = lineEnd !== -1;
      if (this.#atLineStart) this.#endLine();
      start = end + 1;
    }
  }

  #endLine(): void {
    this.#count++;
    if (this.#line !== undefined) this.#error ??= this.#line.slice(1).trimEnd();
    this.#line = undefined;
  }
}
