/** What may wait for a collection: some shards of a store. */
const MOST_BYTES = 16 * 1024 * 1024;

/**
 * Memory that packages in C++ hold behind small objects, such as a result of DuckDB. It is freed once V8 has collected
 * the object, and V8 counts little of it: a worker that scored trees and loaded Redis collected once in 7 million rows,
 * and held 60 MB of results that nobody read any more.
 */
export class ForeignMemory {
  readonly #collect: () => void;
  readonly #mostBytes: number;
  #bytes = 0;

  constructor(collect: () => void, mostBytes = MOST_BYTES) {
    this.#collect = collect;
    this.#mostBytes = mostBytes;
  }

  /** To be told of memory that will be garbage soon. */
  note(bytes: number): void {
    this.#bytes += bytes;
  }

  /** To be called where work has ended, and little else is alive: a collection stops the process for some 20 ms. */
  collectIfMuch(): void {
    if (this.#bytes < this.#mostBytes) return;
    this.#bytes = 0;
    this.#collect();
  }
}

/** Of this process. Without `--expose-gc`, which child processes have, V8 alone decides. */
export const FOREIGN_MEMORY = new ForeignMemory(() => globalThis.gc?.());
