import {
  type ColumnChunk,
  ENCODING,
  lengthOf,
  pageOf,
  sameLevels,
  withLength,
} from '../parquet/column-chunk.ts';
import { LENGTH_BYTES } from '../parquet/column-values.ts';

/** A row, from 0, and its texts by typed column; null: it has no list of them. */
export interface OddTexts {
  readonly row: number;
  readonly texts: readonly (Uint8Array | null)[] | null;
}

/** How far a value of a list of texts is there: not even the list, the list, and the text. */
const DEFINED = { nothing: 0, list: 2, text: 3 } as const;

/** A column of lists of texts of one row group, in which most rows have none. Rows are in order. */
export function oddTextsPages(
  rows: number,
  odd: readonly OddTexts[],
): { readonly chunk: ColumnChunk; readonly pieces: readonly Uint8Array[] } {
  const repeated = new Levels();
  const defined = new Levels();
  const texts: Uint8Array[] = [];
  let next = 0;
  for (const { row, texts: list } of odd) {
    if (list === null || list.length === 0) continue;
    repeated.add(row - next + 1, 0);
    repeated.add(list.length - 1, 1);
    defined.add(row - next, DEFINED.nothing);
    for (const text of list) defined.add(1, text === null ? DEFINED.list : DEFINED.text);
    texts.push(...list.filter((text) => text !== null));
    next = row + 1;
  }
  repeated.add(rows - next, 0);
  defined.add(rows - next, DEFINED.nothing);
  const values = defined.count;
  const levels = [...withLength(repeated.runs), ...withLength(defined.runs)];
  const pieces = pageOf(values, ENCODING.plain, [...levels, ...texts.flatMap(plainText)]);
  return { chunk: { values, bytes: lengthOf(pieces), dictionaryBytes: 0 }, pieces };
}

/** Levels of values, as runs of the same one. */
class Levels {
  readonly runs: Uint8Array[] = [];
  count = 0;

  add(values: number, level: number): void {
    if (values === 0) return;
    this.runs.push(sameLevels(values, level));
    this.count += values;
  }
}

function plainText(text: Uint8Array): readonly Uint8Array[] {
  const length = new DataView(new ArrayBuffer(LENGTH_BYTES));
  length.setUint32(0, text.length, true);
  return [new Uint8Array(length.buffer), text];
}
