const NEW_LINE = 10;
const DOLLAR = 36;
const MINUS = 45;
const COLON = 58;
const ZERO = 48;

const KEY_IS_THERE = /^BUSYKEY\b/;

/** Replies of a cluster's node that does not hold the key, or not at the moment. */
const REDIRECTION = /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN)\b/;

/**
 * Counts replies of one line each, adds up those that are numbers, keeps the first that is an error, and
 * remembers which ones were nil (`$-1`) or sent the command elsewhere until it is asked for them. That a key is there
 * already counts as nil: SET NX is answered so, and RESTORE with an error of its own.
 */
export class ReplyCounter {
  #count = 0;
  #sum = 0;
  #error: string | undefined;
  #redirection: string | undefined;
  #nils: number[] = [];
  #redirected: number[] = [];
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

  /** The first reply that sent its command elsewhere: `MOVED 1234 10.0.0.1:6379`. */
  get redirection(): string | undefined {
    return this.#redirection;
  }

  /** Forgets the nils among the replies below `end`, counted from the first of all, and returns their places. */
  takeNils(end: number): readonly number[] {
    const taken = placesBelow(this.#nils, end);
    this.#nils = this.#nils.slice(taken.length);
    return taken;
  }

  /** As {@link takeNils}, of commands that were sent elsewhere. */
  takeRedirected(end: number): readonly number[] {
    const taken = placesBelow(this.#redirected, end);
    this.#redirected = this.#redirected.slice(taken.length);
    return taken;
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
    if (this.#kind === DOLLAR) this.#nils.push(this.#count);
    if (this.#kind === MINUS) this.#takeError(Buffer.from(this.#line).toString('utf8').trimEnd());
    this.#count++;
    this.#sum += this.#number;
    this.#kind = 0;
    this.#number = 0;
    if (this.#line.length > 0) this.#line = [];
  }
  #takeError(text: string): void {
    if (KEY_IS_THERE.test(text)) {
      this.#nils.push(this.#count);
      return;
    }
    if (!REDIRECTION.test(text)) {
      this.#error ??= text;
      return;
    }
    this.#redirection ??= text;
    this.#redirected.push(this.#count);
  }
}

function placesBelow(places: readonly number[], end: number): readonly number[] {
  return places.length === 0 ? places : places.filter((place) => place < end);
}
