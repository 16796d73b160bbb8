import type { StagedMark } from '../staged-mark.ts';
import type { GenerationCounts } from '../store.ts';

/**
 * What a generation holds by the marks of its shards. Undefined where they do not say it all: a shard was
 * staged over what was there already, or the same key and field lies in two shards.
 */
export function countByMarks(marks: ReadonlyMap<number, StagedMark>): GenerationCounts | undefined {
  let keys = 0;
  let values = 0;
  let lastKey: string | null = null;
  for (const [, mark] of [...marks].sort(([a], [b]) => a - b)) {
    const { receipt } = mark;
    if (receipt === null || receipt.created !== mark.values) return undefined;
    keys += mark.keys;
    values += mark.values;
    if (receipt.firstKey === null) continue;
    // The rows of one key may lie in two shards that follow each other.
    if (receipt.firstKey === lastKey) keys--;
    lastKey = receipt.lastKey;
  }
  return { keys, values };
}
