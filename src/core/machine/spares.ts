/**
 * Large buffers that are used again and again: whoever needs one takes it, and gives it back. One that is made anew for
 * each shard outlives the small collections, and waits for a full one: tens of MB did, in a process of 180 MB.
 */
export class Spares<T> {
  readonly #make: () => T;
  readonly #mostKept: number;
  readonly #idle: T[] = [];

  constructor(make: () => T, mostKept: number) {
    this.#make = make;
    this.#mostKept = mostKept;
  }

  /** Whatever was in it is still there. */
  take(): T {
    return this.#idle.pop() ?? this.#make();
  }

  /** To be called once, when nobody reads or writes it any more. */
  giveBack(thing: T): void {
    if (this.#idle.length < this.#mostKept) this.#idle.push(thing);
  }
}
