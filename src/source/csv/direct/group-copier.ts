import { isUtf8 } from 'node:buffer';
import { closeSync, openSync, readSync } from 'node:fs';
import type { Newline } from '../plain/record-automaton.ts';
import { type ColumnChunk, columnPages, lengthOf } from './column-chunk.ts';
import { ColumnValues } from './column-values.ts';
import type { CutFile, Piece, Segment } from './cut-pieces.ts';
import { RecordReader } from './record-reader.ts';
import { stagedKind } from './staged-kind.ts';

/** A column that is copied: its type and how its cells are written. */
export interface CopiedColumn {
  readonly name: string;
  readonly type: string;
  readonly check: 'exact' | 'plain';
}

export interface CopiedFile extends CutFile {
  /** By field of a record, the place of its column. */
  readonly fields: readonly number[];
}

/** What a copier has to know before its first piece. */
export interface CopySpec {
  readonly columns: readonly CopiedColumn[];
  readonly files: readonly CopiedFile[];
  readonly decimalSeparator: string;
}

/** A piece, and how the lines of its files end. */
export interface PieceTask extends Piece {
  readonly newlines: readonly Newline[];
}

/** A row group as it is written. */
export interface CopiedGroup {
  readonly rows: number;
  readonly chunks: readonly ColumnChunk[];
  readonly bytes: Uint8Array;
}

/** The longest line that is taken, as where DuckDB reads what was proved. */
const BUFFER_BYTES = 1 << 20;
const NEWLINE_BYTES = 2;
const LINE_FEED = 0x0a;

/** Makes row groups of pieces of CSV files, one after the other. */
export class GroupCopier {
  readonly #spec: CopySpec;
  readonly #columns: readonly ColumnValues[];
  readonly #readers = new Map<string, RecordReader>();
  readonly #buffer = Buffer.alloc(BUFFER_BYTES + NEWLINE_BYTES);
  /** The same: to those who read byte by byte a buffer is another kind of array. */
  readonly #bytes = new Uint8Array(this.#buffer.buffer);

  constructor(spec: CopySpec) {
    this.#spec = spec;
    this.#columns = spec.columns.map(({ type }) => {
      const kind = stagedKind(type);
      if (kind === null) throw new TypeError(`Nothing but DuckDB makes values of ${type}`);
      return new ColumnValues(kind);
    });
  }

  /** Null: not all of it is plain. */
  copy({ rows, segments, newlines }: PieceTask): CopiedGroup | null {
    for (const column of this.#columns) column.clear();
    for (const [index, segment] of segments.entries())
      if (!this.#read(segment, newlines[index] ?? '\n')) return null;
    if (this.#columns.some((column) => column.rows !== rows)) return null;
    const pages = this.#columns.map(columnPages);
    return {
      rows,
      chunks: pages.map(({ chunk }) => chunk),
      bytes: joined(pages.flatMap(({ pieces }) => pieces)),
    };
  }

  #read(segment: Segment, newline: Newline): boolean {
    const file = this.#spec.files[segment.file] as CopiedFile;
    const reader = this.#readerOf(file, newline);
    const descriptor = openSync(file.path, 'r');
    try {
      return this.#readLines(descriptor, segment, (to) => reader.read(this.#bytes, 0, to), newline);
    } finally {
      closeSync(descriptor);
    }
  }

  #readLines(
    descriptor: number,
    { from, to }: Segment,
    take: (to: number) => boolean,
    newline: Newline,
  ): boolean {
    const buffer = this.#buffer;
    let kept = 0;
    for (let position = from; position < to; ) {
      const count = readSync(
        descriptor,
        buffer,
        kept,
        Math.min(BUFFER_BYTES - kept, to - position),
        position,
      );
      if (count === 0) return false;
      position += count;
      let length = kept + count;
      // The last line of a file may have no newline.
      if (position === to && buffer[length - 1] !== LINE_FEED)
        length += buffer.write(newline, length, 'latin1');
      const end = buffer.lastIndexOf(LINE_FEED, length - 1) + 1;
      if (end === 0 || !isUtf8(buffer.subarray(0, end)) || !take(end)) return false;
      buffer.copyWithin(0, end, length);
      kept = length - end;
    }
    return kept === 0;
  }

  /** Files that are written alike have one in common. */
  #readerOf({ dialect, fields }: CopiedFile, newline: Newline): RecordReader {
    const key = JSON.stringify([dialect.delimiter, dialect.quote, newline, fields]);
    const known = this.#readers.get(key);
    if (known !== undefined) return known;
    const { columns, decimalSeparator } = this.#spec;
    const values = (index: number): ColumnValues => this.#columns[index] as ColumnValues;
    const reader = new RecordReader(
      { dialect, decimalSeparator, newline },
      fields.map((index) => ({ ...(columns[index] as CopiedColumn), values: values(index) })),
      columns.flatMap((_, index) => (fields.includes(index) ? [] : [values(index)])),
    );
    this.#readers.set(key, reader);
    return reader;
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(lengthOf(pieces));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
