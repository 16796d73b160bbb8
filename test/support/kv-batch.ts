import type { KvBatch } from '../../src/kv/store.ts';

/** key, field (null where the job has none), value */
export type KvRow = readonly [key: string, field: string | null, value: string];

/** A batch of rows as a part's reader makes it. `once`: rows of a key share its name; or else every row names it again. */
export function kvBatch(rows: readonly KvRow[], once = false): KvBatch {
  const sizes = (texts: readonly string[]) => Uint32Array.from(texts, (text) => Buffer.byteLength(text));
  const hasField = rows.every(([, field]) => field !== null);
  const isNamed = rows.map(([key], index) => !once || key !== rows[index - 1]?.[0]);
  const named = rows.flatMap(([key], index) => (isNamed[index] ? [{ key, index }] : []));
  return {
    bytes: Buffer.from(
      rows.map(([key, field, value], index) => `${isNamed[index] ? key : ''}${field ?? ''}${value}`).join(''),
    ),
    keys: named.length,
    rows: rows.length,
    keySizes: sizes(named.map(({ key }) => key)),
    keyRows: Uint32Array.from(named, ({ index }, at) => (named[at + 1]?.index ?? rows.length) - index),
    fieldSizes: hasField ? sizes(rows.map(([, field]) => field ?? '')) : null,
    valueSizes: sizes(rows.map(([, , value]) => value)),
  };
}

/** The rows of a batch. */
export function kvRows(batch: KvBatch): KvRow[] {
  const rows: KvRow[] = [];
  let at = 0;
  const next = (size: number | undefined): string => {
    const start = at;
    at += size ?? 0;
    return Buffer.from(batch.bytes.subarray(start, at)).toString('utf8');
  };
  for (let index = 0; index < batch.keys; index++) {
    const key = next(batch.keySizes[index]);
    for (let left = batch.keyRows[index] ?? 0; left > 0; left--) {
      const field = batch.fieldSizes === null ? null : next(batch.fieldSizes[rows.length]);
      rows.push([key, field, next(batch.valueSizes[rows.length])]);
    }
  }
  return rows;
}
