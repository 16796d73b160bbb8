/**
 * A set of texts that remembers 64-bit hashes only: 16 bytes a text instead of a hundred. Two texts of
 * ten million have the same hash with a chance of three in a million; then one is taken for seen.
 */
export class KeySet {
  #size = 0;
  #mask = 1023;
  #slots = new Uint32Array((1023 + 1) * 2);

  get size(): number {
    return this.#size;
  }

  /** Adds a text; false where it was there already. */
  add(text: string): boolean {
    const [high, low] = hash64(text);
    if (!this.#put(high, low)) return false;
    this.#size++;
    if (this.#size * 2 > this.#mask) this.#grow();
    return true;
  }

  #put(high: number, low: number): boolean {
    for (let slot = low & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * 2;
      if (this.#slots[at] === 0) {
        this.#slots[at] = high;
        this.#slots[at + 1] = low;
        return true;
      }
      if (this.#slots[at] === high && this.#slots[at + 1] === low) return false;
    }
  }

  #grow(): void {
    const before = this.#slots;
    this.#mask = this.#mask * 2 + 1;
    this.#slots = new Uint32Array((this.#mask + 1) * 2);
    for (let at = 0; at < before.length; at += 2) {
      const high = before[at] ?? 0;
      if (high !== 0) this.#put(high, before[at + 1] ?? 0);
    }
  }
}

/** Two multiplicative hashes, mixed as in MurmurHash3's finalizer. The first is never 0, which marks a free slot. */
function hash64(text: string): [number, number] {
  let a = 0x9e3779b1;
  let b = 0x85ebca6b;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x5bd1e995) ^ (b >>> 15);
  }
  return [mix(a) || 1, mix(b ^ Math.imul(a, 0xc2b2ae35))];
}

function mix(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
