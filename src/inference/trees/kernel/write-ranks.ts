import { splitRanks } from '../wasm/feature-functions.ts';
import { HEADER_BYTES } from '../wasm/pattern-function.ts';
import { CUTS_AT, countRanks, MOST_COUNTED, searchRanks } from '../wasm/rank-functions.ts';
import type { Layout } from './layout.ts';
import type { ProgramWriter } from './program-writer.ts';
import { CUTS_OF_COLUMN, type RankColumn, type RankColumns } from './rank-columns.ts';

const ADDRESSES_BYTES = 8;

/** The part of a program that turns values into ranks. */
export function writeRanks(writer: ProgramWriter, ranks: RankColumns, layout: Layout, double: boolean): void {
  const wanted = ranks.columns.map((column, index) => ({ ...column, target: layout.ranks(index) }));
  for (const [feature, cuts] of ranks.cuts)
    for (const nanHigh of [false, true]) {
      const targets = wanted.filter((each) => each.feature === feature && each.nanHigh === nanHigh);
      const [first] = targets;
      if (first === undefined) continue;
      const source = layout.column(feature);
      if (cuts.length <= CUTS_OF_COLUMN)
        writeRank(writer, { source, target: first.target, cuts, nanHigh, double });
      else writeSplitRanks(writer, { source, cuts, nanHigh, double }, targets, layout);
    }
}

interface Ranking {
  readonly source: number;
  readonly cuts: Float64Array;
  readonly nanHigh: boolean;
  readonly double: boolean;
}

function writeRank(writer: ProgramWriter, ranking: Ranking & { readonly target: number }): void {
  const { nanHigh, ...rest } = ranking;
  if (rest.double || rest.cuts.length > MOST_COUNTED) writeSearch(writer, ranking, false);
  else writeCuts(writer, `count ${nanHigh}`, () => countRanks(nanHigh), rest);
}

function writeSearch(
  writer: ProgramWriter,
  { nanHigh, ...ranking }: Ranking & { readonly target: number },
  wide: boolean,
): void {
  const { cuts, double } = ranking;
  const steps = Math.ceil(Math.log2(cuts.length + 1));
  const padded = new Float64Array(2 ** steps - 1).fill(Number.NaN);
  padded.set(cuts);
  writeCuts(
    writer,
    `search ${steps} ${double} ${nanHigh} ${wide}`,
    () => searchRanks(steps, { double, nanHigh }, wide),
    { ...ranking, cuts: padded, count: cuts.length },
  );
}

function writeCuts(
  writer: ProgramWriter,
  key: string,
  make: Parameters<ProgramWriter['record']>[1],
  ranking: Omit<Ranking, 'nanHigh'> & { readonly target: number; readonly count?: number },
): void {
  const { source, target, cuts, double, count = cuts.length } = ranking;
  const bytes = CUTS_AT - HEADER_BYTES + cuts.length * (double ? 8 : 4);
  writer.record(key, make, bytes, (record) => {
    record.word(source).word(target).word(count).word(0);
    for (const cut of cuts) record.value(cut, double);
  });
}

function writeSplitRanks(
  writer: ProgramWriter,
  ranking: Ranking,
  columns: readonly (RankColumn & { readonly target: number })[],
  layout: Layout,
): void {
  writeSearch(writer, { ...ranking, target: layout.wideRanks }, true);
  for (const { cutStart, target } of columns)
    writer.record('split', splitRanks, ADDRESSES_BYTES + 2, (record) => {
      record.word(layout.wideRanks).word(target).short(cutStart);
    });
}
