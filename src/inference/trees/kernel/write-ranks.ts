import { markMissing, splitRanks } from '../wasm/feature-functions.ts';
import { countRanks, MOST_COUNTED, RANK_BIAS } from '../wasm/rank-functions.ts';
import { ADDRESS_BYTES } from '../wasm/vector-loop.ts';
import type { Layout } from './layout.ts';
import type { ProgramWriter } from './program-writer.ts';
import { CUTS_OF_COLUMN, type RankColumn, type RankColumns } from './rank-columns.ts';
import { writeSearch } from './write-search.ts';

interface Target extends RankColumn {
  readonly target: number;
}

/** The part of a program that turns values into ranks. */
export function writeRanks(writer: ProgramWriter, ranks: RankColumns, layout: Layout, double: boolean): void {
  const wanted = ranks.columns.map((column, index) => ({ ...column, target: layout.ranks(index) }));
  for (const [feature, cuts] of ranks.cuts) {
    const source = layout.column(feature);
    const ofFeature = wanted.filter((each) => each.feature === feature);
    const starts = [...new Set(ofFeature.map(({ cutStart }) => cutStart))];
    const isSplit = cuts.length > CUTS_OF_COLUMN;
    if (isSplit) writeSearch(writer, { source, target: layout.wideRanks, cuts, double, result: 'shorts' });
    for (const start of starts) {
      const columns = ofFeature.filter(({ cutStart }) => cutStart === start);
      // NaN ranks lowest at first.
      const { target } = columns.find(({ nanHigh }) => !nanHigh) ?? (columns[0] as Target);
      if (isSplit) writeSplit(writer, { source: layout.wideRanks, target, cutStart: start });
      else if (double || cuts.length > MOST_COUNTED)
        writeSearch(writer, { source, target, cuts, double, result: 'bytes' });
      else writeCount(writer, { source, target, cuts });
      const greatest = Math.min(255, cuts.length - start);
      for (const column of columns)
        if (column.nanHigh)
          writeMissing(writer, {
            values: source,
            bytes: target,
            target: column.target,
            byte: greatest - RANK_BIAS,
            double,
          });
    }
  }
}

/** Gives the values of a feature that are no number a byte of their own. */
export function writeMissing(
  writer: ProgramWriter,
  missing: {
    readonly values: number;
    readonly bytes: number;
    readonly target: number;
    readonly byte: number;
    readonly double: boolean;
  },
): void {
  const { values, bytes, target, byte, double } = missing;
  writer.record(
    `missing ${double}`,
    () => markMissing(double),
    3 * ADDRESS_BYTES + 1,
    (record) => {
      record.word(values).word(bytes).word(target).byte(byte);
    },
  );
}

function writeCount(
  writer: ProgramWriter,
  { source, target, cuts }: { readonly source: number; readonly target: number; readonly cuts: Float64Array },
): void {
  writer.record('count', countRanks, 2 * ADDRESS_BYTES + 4 + cuts.length * 4, (record) => {
    record.word(source).word(target).word(cuts.length);
    for (const cut of cuts) record.value(cut, false);
  });
}

function writeSplit(
  writer: ProgramWriter,
  {
    source,
    target,
    cutStart,
  }: { readonly source: number; readonly target: number; readonly cutStart: number },
): void {
  writer.record('split', splitRanks, 2 * ADDRESS_BYTES + 2, (record) => {
    record.word(source).word(target).short(cutStart);
  });
}
