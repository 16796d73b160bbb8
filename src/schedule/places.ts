/** Places for work of different sizes, given in the order in which they were asked for. */
export class Places {
  readonly #count: number;
  #taken = 0;
  readonly #waiting: { readonly size: number; readonly start: () => void }[] = [];

  constructor(count: number) {
    this.#count = count;
  }

  /** Does the work when there is room for it. What wants more than there is takes all. */
  async take<T>(size: number, work: () => Promise<T>): Promise<T> {
    const needed = Math.min(size, this.#count);
    await new Promise<void>((start) => {
      this.#waiting.push({ size: needed, start });
      this.#startNext();
    });
    try {
      return await work();
    } finally {
      this.#taken -= needed;
      this.#startNext();
    }
  }

  #startNext(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#taken + next.size > this.#count) return;
      this.#waiting.shift();
      this.#taken += next.size;
      next.start();
    }
  }
}
