/** A key, with what stands before each key of its generation, and its packed text. */
export interface PackedEntry {
  readonly key: Buffer;
  readonly packed: Buffer;
}

/** What packed values need of other keys: their lists of fields, and what some keys hold already. */
export interface PackedMerges {
  /** Perhaps more than once for a list. */
  putList(id: string, list: Buffer): void;
  /** Adds values to keys that are there already. Where both have a field the new value stays, as with HSET. */
  merge(entries: readonly PackedEntry[]): void;
}
