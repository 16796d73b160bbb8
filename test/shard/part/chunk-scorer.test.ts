import { describe, expect, it } from 'vitest';
import { LatencyHistogram } from '../../../src/runs/record/latency-histogram.ts';
import { ChunkScorer, RowsDiffer } from '../../../src/shard/part/chunk-scorer.ts';
import { StageTimer } from '../../../src/shard/stage-timer.ts';
import type { Chunk } from '../../../src/source/duckdb/chunk-stream.ts';
import { samplePlan } from '../../runs/sample-run.ts';

/** Scores chunks of so many rows, one after the other, whose positions go on from one to the next. */
function score(sizes: readonly number[], asTheyCome: boolean): number {
  const plan = samplePlan();
  const request = {
    plan: { ...plan, features: { ...plan.features, bindings: [] } },
    rows: asTheyCome ? { asTheyCome } : {},
    ...{ stopAt: 1, timer: new StageTimer(), latency: new LatencyHistogram() },
    ...{ onRows: () => {}, assertWanted: () => {} },
  };
  const scorer = new ChunkScorer(request as never, { score: () => new Map() } as never, []);
  let first = 0;
  for (const rows of sizes) {
    scorer.answer(chunkOf(first, rows), {} as never);
    first += rows;
  }
  return scorer.rows;
}

function chunkOf(first: number, rows: number): Chunk {
  const values = BigInt64Array.from({ length: rows }, (_, row) => BigInt(first + row));
  return { rows, columns: [{ values, validity: null }] };
}

describe('rows that nothing has put into their order', () => {
  it('come in whole chunks up to the last one', () => {
    expect(score([2048, 2048, 52], true)).toBe(4148);
  });

  it.each([[[52, 1996]], [[2048, 100, 1948]]])(
    'differ in chunks of %j, though they are in order',
    (sizes) => {
      expect(() => score(sizes, true)).toThrow(RowsDiffer);
      expect(score(sizes, false)).toBe(sizes.reduce((sum, size) => sum + size, 0));
    },
  );
});
