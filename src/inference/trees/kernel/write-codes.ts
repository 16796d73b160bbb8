import { codeBits, codeBytes, NAN_CODE, wholeCodes } from '../wasm/category-functions.ts';
import { ADDRESS_BYTES } from '../wasm/vector-loop.ts';
import type { CategoryColumn, CategoryColumns } from './category-columns.ts';
import type { Layout } from './layout.ts';
import type { ProgramWriter } from './program-writer.ts';
import { writeMissing } from './write-ranks.ts';
import { writeSearch } from './write-search.ts';

/** The part of a program that turns categories into their codes, and those into places in a set. */
export function writeCodes(
  writer: ProgramWriter,
  { columns }: CategoryColumns,
  layout: Layout,
  double: boolean,
): void {
  columns.forEach((column, index) => {
    const code = layout.codes(index, 'code');
    writeCode(writer, column, { source: layout.column(column.feature), code, double });
    for (const [part, make] of [
      ['byte', codeBytes],
      ['bit', codeBits],
    ] as const)
      writer.record(`code ${part}`, make, 2 * ADDRESS_BYTES, (record) => {
        record.word(code).word(layout.codes(index, part));
      });
  });
}

function writeCode(
  writer: ProgramWriter,
  { codes }: CategoryColumn,
  { source, code, double }: { readonly source: number; readonly code: number; readonly double: boolean },
): void {
  if (codes.kind === 'whole') {
    writer.record('whole codes', wholeCodes, 2 * ADDRESS_BYTES + 4, (record) => {
      record.word(source).word(code).value(codes.before, false);
    });
    return;
  }
  writeSearch(writer, { source, target: code, cuts: codes.values, double, result: 'codes' });
  writeMissing(writer, { values: source, bytes: code, target: code, byte: NAN_CODE, double });
}
