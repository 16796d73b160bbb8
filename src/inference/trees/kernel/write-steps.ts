import { equalCode, memberCode, SET_BYTES } from '../wasm/category-functions.ts';
import { type PatternNode, patternFunction } from '../wasm/pattern-function.ts';
import { RANK_BIAS } from '../wasm/rank-functions.ts';
import { ADDRESS_BYTES } from '../wasm/vector-loop.ts';
import type { Layout } from './layout.ts';
import type { ProgramWriter } from './program-writer.ts';
import {
  type Area,
  eachEnd,
  eachNode,
  type PatternStep,
  type TestStep,
  type TiledTree,
} from './tile-tree.ts';

/** The part of a program that finds the leaves of one tree. */
export function writeSteps(writer: ProgramWriter, { steps }: TiledTree, layout: Layout): void {
  for (const step of steps)
    if (step.kind === 'pattern') writePattern(writer, step, layout);
    else writeTest(writer, step, layout);
}

function writePattern(writer: ProgramWriter, { tile, wide, target }: PatternStep, layout: Layout): void {
  const { shape } = tile;
  const leafBytes = wide ? 2 : 1;
  const bytes = ADDRESS_BYTES * (1 + shape.nodes + shape.slots) + shape.nodes + shape.leaves * leafBytes;
  writer.record(
    wide ? `wide ${shape.key}` : shape.key,
    () => patternFunction(shape.pattern as PatternNode, wide),
    bytes,
    (record) => {
      record.word(layout.slot(target, wide));
      eachNode(tile, ({ area, index }) => record.word(addressOf(area, index, layout)));
      eachEnd(tile, 'slot', (slot) => record.word(layout.slot(slot, wide)));
      eachNode(tile, ({ threshold }) => record.byte(threshold - RANK_BIAS));
      eachEnd(tile, 'leaf', (leaf) => (wide ? record.short(leaf) : record.byte(leaf)));
    },
  );
}

function addressOf(area: Area, index: number, layout: Layout): number {
  return area === 'ranks' ? layout.ranks(index) : layout.test(index);
}

function writeTest(writer: ProgramWriter, { target, tests }: TestStep, layout: Layout): void {
  tests.forEach(({ column, codes }, index) => {
    const also = index > 0;
    const [only] = codes;
    if (codes.length === 1 && only !== undefined)
      writer.record(
        `equal ${also}`,
        () => equalCode(also),
        2 * ADDRESS_BYTES + 1,
        (record) => {
          record.word(layout.codes(column, 'code')).word(layout.test(target)).byte(only);
        },
      );
    else
      writer.record(
        `member ${also}`,
        () => memberCode(also),
        3 * ADDRESS_BYTES + SET_BYTES,
        (record) => {
          record.word(layout.codes(column, 'byte')).word(layout.codes(column, 'bit'));
          record.word(layout.test(target));
          for (const byte of bytesOf(codes)) record.byte(byte);
        },
      );
  });
}

/** A bit for each code. */
function bytesOf(codes: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(SET_BYTES);
  for (const code of codes) bytes[code >> 3] = (bytes[code >> 3] ?? 0) | (1 << (code & 7));
  return bytes;
}
