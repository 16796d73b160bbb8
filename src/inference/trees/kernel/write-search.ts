import { HEADER_BYTES } from '../wasm/pattern-function.ts';
import { cutsAt, type SearchKind, searchRanks } from '../wasm/rank-functions.ts';
import { type Buckets, bucketsOf, stepsFor } from './buckets.ts';
import type { Operands, ProgramWriter } from './program-writer.ts';

/** Values that are searched among cuts, and where their ranks go. */
export interface Search {
  readonly source: number;
  readonly target: number;
  readonly cuts: Float64Array;
  readonly double: boolean;
  readonly result: SearchKind['result'];
}

/** Searches the values of a feature: in their bucket, where that is shorter. */
export function writeSearch(writer: ProgramWriter, { source, target, cuts, double, result }: Search): void {
  const buckets = double ? null : bucketsOf(cuts);
  const steps = buckets?.steps ?? stepsFor(cuts.length);
  const kind: SearchKind = { double, steps, buckets, result };
  // A search may look that far behind the last cut.
  const padded = new Float64Array(cuts.length + 2 ** steps - 1).fill(Number.NaN);
  padded.set(cuts);
  const bytes = cutsAt(kind) - HEADER_BYTES + padded.length * (double ? 8 : 4);
  writer.record(
    `search ${steps} ${double} ${buckets?.shift} ${result}`,
    () => searchRanks(kind),
    bytes,
    (record) => {
      record.word(source).word(target);
      if (buckets !== null) writeBuckets(record, buckets, result === 'shorts');
      for (const cut of padded) record.value(cut, double);
    },
  );
}

function writeBuckets(record: Operands, { low, factor, top, starts }: Buckets, wide: boolean): void {
  for (const number of [low, factor, top]) record.value(number, false);
  for (const start of starts)
    if (wide) record.short(start);
    else record.byte(start);
}
