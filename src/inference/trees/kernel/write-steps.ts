import { equalRank, memberRanks } from '../wasm/feature-functions.ts';
import { keyOf, patternFunction } from '../wasm/pattern-function.ts';
import { RANK_BIAS } from '../wasm/rank-functions.ts';
import type { Layout } from './layout.ts';
import type { Operands, ProgramWriter } from './program-writer.ts';
import type { PatternStep, Source, TestStep, TiledTree } from './tile-tree.ts';

/** Ranks that one table answers for. */
const TABLE = 16;

/** The part of a program that finds the leaves of one tree. */
export function writeSteps(writer: ProgramWriter, { steps }: TiledTree, layout: Layout): void {
  for (const step of steps)
    if (step.kind === 'pattern') writePattern(writer, step, layout);
    else writeTest(writer, step, layout);
}

function writePattern(writer: ProgramWriter, step: PatternStep, layout: Layout): void {
  const { pattern, wide, target, sources, thresholds, slots, leaves } = step;
  const bytes = 4 * (1 + sources.length + slots.length) + thresholds.length + leaves.length * (wide ? 2 : 1);
  const key = `${wide ? 'wide ' : ''}${keyOf(pattern)}`;
  writer.record(
    key,
    () => patternFunction(pattern, wide),
    bytes,
    (record) => {
      record.word(layout.slot(target, wide));
      for (const source of sources) record.word(addressOf(source, layout));
      for (const slot of slots) record.word(layout.slot(slot, wide));
      for (const threshold of thresholds) record.byte(threshold - RANK_BIAS);
      for (const leaf of leaves) putLeaf(record, leaf, wide);
    },
  );
}

function putLeaf(record: Operands, leaf: number, wide: boolean): void {
  if (wide) record.short(leaf);
  else record.byte(leaf);
}

function addressOf({ area, index }: Source, layout: Layout): number {
  return area === 'ranks' ? layout.ranks(index) : layout.test(index);
}

function writeTest(
  writer: ProgramWriter,
  { column, target, ranks, greatest }: TestStep,
  layout: Layout,
): void {
  const [source, answers] = [layout.ranks(column), layout.test(target)];
  const [only] = ranks;
  if (ranks.length === 1 && only !== undefined) {
    writer.record('equal', equalRank, 9, (record) => {
      record
        .word(source)
        .word(answers)
        .byte(only - RANK_BIAS);
    });
    return;
  }
  // Every rank has an answer, also those above the greatest member.
  const tables = Math.ceil((greatest + 1) / TABLE);
  const members = new Set(ranks);
  writer.record(
    `member ${tables}`,
    () => memberRanks(tables),
    8 + tables * TABLE,
    (record) => {
      record.word(source).word(answers);
      for (let rank = 0; rank < tables * TABLE; rank++) record.byte(members.has(rank) ? 0 : 0xff);
    },
  );
}
