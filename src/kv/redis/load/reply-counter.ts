const NEW_LINE = 10;
const DOLLAR = 36;
const MINUS = 45;
const COLON = 58;
const ZERO = 48;
const PLUS = 43;
const ASTERISK = 42;
/** Of `+QUEUED`. */
const Q = 81;

const KEY_IS_THERE = /^BUSYKEY\b/;

/** Replies of a cluster's node that does not hold the key, or not at the moment. */
const REDIRECTION = /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN)\b/;

/** Stands for the reply of a transaction that was given up, since a key that it watches was written to. */
export const ABORTED = 'ABORTED';

/**
 * Counts replies of one line each, adds up those that are numbers, keeps the first that is an error, and
 * remembers which ones were nil (`$-1`) or sent the command elsewhere until it is asked for them. That a key is there
 * already counts as nil: SET NX is answered so, and RESTORE with an error of its own.
 *
 * Of a transaction, and of a script that answers for several commands, the answers count that are in their list.
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
  /** The second byte of a line, where that says what it is. */
  #second = 0;
  #line: number[] = [];
  /** Answers of a list that are to come. */
  #listed = 0;
  readonly #isFramed: () => boolean;

  /** @param isFramed whether answers come in lists now: an error beside them is one, whatever it says */
  constructor(isFramed: () => boolean = () => false) {
    this.#isFramed = isFramed;
  }

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
      else if (this.#kind === COLON) this.#digit(byte);
      else if (this.#kind === PLUS || this.#kind === ASTERISK) {
        if (this.#second === 0) this.#second = byte;
        if (this.#kind === ASTERISK) this.#digit(byte);
      }
    }
  }

  #digit(byte: number): void {
    if (byte >= ZERO) this.#number = this.#number * 10 + byte - ZERO;
  }

  #endLine(): void {
    if (this.#kind === ASTERISK) this.#beginList();
    else if (this.#kind !== PLUS || this.#second !== Q) this.#endReply();
    this.#kind = 0;
    this.#number = 0;
    this.#second = 0;
    if (this.#line.length > 0) this.#line = [];
  }

  #beginList(): void {
    if (this.#second === MINUS) this.#error ??= ABORTED;
    else this.#listed = this.#number;
  }

  #endReply(): void {
    if (this.#kind === DOLLAR) this.#nils.push(this.#count);
    if (this.#kind === MINUS) this.#takeError(Buffer.from(this.#line).toString('utf8').trimEnd());
    if (this.#listed > 0) this.#listed--;
    this.#count++;
    this.#sum += this.#number;
  }

  #takeError(text: string): void {
    if (this.#listed === 0 && this.#isFramed()) {
      this.#error ??= text;
      return;
    }
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
