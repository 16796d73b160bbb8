import { openContent } from './csv-bytes.ts';
import type { CsvDialect } from './csv-dialect.ts';
import { QuoteScanner } from './quote-scanner.ts';

/** Rows of a file, one a line, from a row (from 0) on a line (from 1), until the next of these. */
export interface RowRun {
  readonly row: number;
  readonly line: number;
}

/** A record that was left out, as DuckDB places it. */
export interface LeftOut {
  /** From 1. Newlines in quotes before it are not counted. */
  readonly line: number;
  /** Bytes of the file before it, or before blank lines in front of it. */
  readonly offset: number;
}

export interface FileLines {
  readonly rows: readonly RowRun[];
  /** The lines of the records that were left out, in order. */
  readonly leftOut: readonly number[];
}

const LINE_FEED = 0x0a;

/**
 * Where the rows of a file stand, and the records that were left out. Null: it is not known, since the file
 * cannot be unpacked here, or is not made of as many records as DuckDB found.
 *
 * Most files have a line for each record: then counting newlines, which is quick, says so.
 */
export async function findLines(
  path: string,
  dialect: CsvDialect,
  rows: number,
  leftOut: readonly LeftOut[],
): Promise<FileLines | null> {
  const lines = await countLines(path);
  if (lines === null) return null;
  const first = firstLine(dialect);
  if (lines === first - 1 + rows + leftOut.length) return withoutLines(first, leftOut);
  const found = await recordLines(path, dialect, leftOut);
  return found !== null && found.count === rows && found.leftOut.length === leftOut.length ? found : null;
}

/** Of a file that has a line for each record, and all were read. */
export function lineEach(dialect: CsvDialect): FileLines {
  return withoutLines(firstLine(dialect), []);
}

/** Where the rows begin. */
function firstLine({ skip, header }: CsvDialect): number {
  return skip + (header ? 1 : 0) + 1;
}

async function countLines(path: string): Promise<number | null> {
  const content = openContent(path);
  if (content === null) return null;
  let lines = 0;
  let last = LINE_FEED;
  for await (const block of content as AsyncIterable<Buffer>) {
    for (let at = block.indexOf(LINE_FEED); at !== -1; at = block.indexOf(LINE_FEED, at + 1)) lines++;
    last = block.at(-1) ?? last;
  }
  return last === LINE_FEED ? lines : lines + 1;
}

/** Byte by byte: for records that have newlines in quotes, and blank lines between them. */
async function recordLines(
  path: string,
  dialect: CsvDialect,
  leftOut: readonly LeftOut[],
): Promise<(FileLines & { readonly count: number }) | null> {
  const content = openContent(path);
  if (content === null) return null;
  const scanner = new QuoteScanner(dialect);
  const rows: RowRun[] = [];
  const lines: number[] = [];
  let [line, start, offset, length, count, expected] = [1, 1, 0, 0, 0, -1];
  let isHeader = dialect.header;
  const endRecord = (): void => {
    const isRecord = length > 0 && start > dialect.skip;
    const isLeftOut = (leftOut[lines.length]?.offset ?? Number.POSITIVE_INFINITY) <= offset;
    if (isRecord && isHeader) isHeader = false;
    else if (isRecord && isLeftOut) lines.push(start);
    else if (isRecord) {
      if (start !== expected) rows.push({ row: count, line: start });
      count++;
      expected = start + 1;
    }
    start = line + 1;
    length = 0;
  };
  let position = 0;
  for await (const block of content as AsyncIterable<Buffer>) {
    let from = 0;
    scanner.scan(block, (index, byte, isQuoted) => {
      length += index - from;
      from = index + 1;
      if (byte !== LINE_FEED) return;
      if (isQuoted) length++;
      else {
        endRecord();
        offset = position + index + 1;
      }
      line++;
    });
    length += block.length - from;
    position += block.length;
  }
  endRecord();
  return { rows, leftOut: lines, count };
}

/** Of a file with a line for each record. */
function withoutLines(first: number, leftOut: readonly LeftOut[]): FileLines {
  const rows: RowRun[] = [];
  let line = first;
  leftOut.forEach((record, index) => {
    if (record.line > line) rows.push({ row: line - first - index, line });
    line = record.line + 1;
  });
  rows.push({ row: line - first - leftOut.length, line });
  return { rows, leftOut: leftOut.map((record) => record.line) };
}
