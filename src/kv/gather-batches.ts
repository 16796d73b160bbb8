import type { KvBatch } from './store.ts';

/** Batches in groups of at least `rows` rows, the last group aside; a longer batch is cut into pieces. */
export async function* gatherBatches(
  batches: AsyncIterable<KvBatch>,
  rows: number,
): AsyncGenerator<KvBatch[]> {
  let group: KvBatch[] = [];
  let gathered = 0;
  for await (const batch of batches) {
    for (const piece of cut(batch, rows)) {
      group.push(piece);
      gathered += piece.rows;
      if (gathered < rows) continue;
      yield group;
      group = [];
      gathered = 0;
    }
  }
  if (group.length > 0) yield group;
}

function* cut(batch: KvBatch, rows: number): Generator<KvBatch> {
  if (batch.rows <= rows) {
    yield batch;
    return;
  }
  for (let start = 0; start < batch.rows; start += rows) {
    const end = Math.min(start + rows, batch.rows);
    yield {
      rows: end - start,
      keys: batch.keys.slice(start, end),
      fields: batch.fields?.slice(start, end) ?? null,
      values: batch.values.slice(start, end),
    };
  }
}
