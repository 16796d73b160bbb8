import type { Newline } from '../plain/record-automaton.ts';
import type { CutFile, Piece, Segment } from './cut-pieces.ts';
import { LineReader } from './line-reader.ts';
import { type CarefulCell, type OddLine, OddLines, RecordCheck } from './odd/odd-lines.ts';
import { type ColumnChunk, columnPages, lengthOf } from './parquet/column-chunk.ts';
import { ColumnValues } from './parquet/column-values.ts';
import { putNull, putText, putWords } from './parquet/put-value.ts';
import { stagedKind } from './parquet/staged-kind.ts';
import { hashOf } from './read-text.ts';
import { RecordReader } from './record-reader.ts';

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

/** Lines of a piece; or a single one whose values are known. */
export interface TaskSegment extends Segment {
  readonly newline: Newline;
  readonly cells: readonly CarefulCell[] | null;
}

/** A piece, as far as its lines are known. */
export interface PieceTask extends Omit<Piece, 'segments'> {
  /** Among all pieces, in the order of their lines. */
  readonly place: number;
  readonly segments: readonly TaskSegment[];
}

/** A row group as it is written. */
export interface CopiedGroup {
  readonly rows: number;
  readonly chunks: readonly ColumnChunk[];
  readonly bytes: Uint8Array;
  /** The rows whose values were known, from 0. */
  readonly known: readonly number[];
}

/** What became of a piece: a row group, or its odd lines. */
export type CopiedPiece = CopiedGroup | readonly OddLine[];

/** Makes row groups of pieces of CSV files, one after the other. */
export class GroupCopier {
  readonly #spec: CopySpec;
  readonly #columns: readonly ColumnValues[];
  readonly #readers = new Map<string, FileReader>();
  readonly #lines = new LineReader();

  constructor(spec: CopySpec) {
    this.#spec = spec;
    this.#columns = spec.columns.map(({ type }) => {
      const kind = stagedKind(type);
      if (kind === null) throw new TypeError(`Nothing but DuckDB makes values of ${type}`);
      return new ColumnValues(kind);
    });
  }

  /** Null: its lines are not all records, or too many are odd. */
  copy({ rows, segments }: PieceTask): CopiedPiece | null {
    for (const column of this.#columns) column.clear();
    const odd = new OddLines(rows);
    const known: number[] = [];
    for (const [index, segment] of segments.entries()) {
      if (segment.cells !== null) {
        known.push(this.#columns[0]?.rows ?? 0);
        putCells(this.#columns, segment.cells);
      } else if (!this.#read(segment, index, odd)) return null;
    }
    if (odd.all.length > 0) return odd.all;
    if (this.#columns.some((column) => column.rows !== rows)) return null;
    const pages = this.#columns.map(columnPages);
    return {
      rows,
      chunks: pages.map(({ chunk }) => chunk),
      bytes: joined(pages.flatMap(({ pieces }) => pieces)),
      known,
    };
  }

  #read(segment: TaskSegment, index: number, odd: OddLines): boolean {
    const file = this.#spec.files[segment.file] as CopiedFile;
    const reader = this.#readerOf(file, segment.newline);
    return this.#lines.read(file.path, segment, (to, position) =>
      this.#takeLines(reader, { to, position }, (line) => odd.add({ ...line, segment: index })),
    );
  }

  #takeLines(
    { records, check }: FileReader,
    { to, position }: { readonly to: number; readonly position: number },
    add: (line: Omit<OddLine, 'segment'>) => boolean,
  ): boolean {
    const { buffer, bytes } = this.#lines;
    for (let at = 0; ; ) {
      at = records.read(bytes, at, to);
      if (at === to) return true;
      const end = check.endOf(buffer, at);
      if (end === null) return false;
      const content = check.contentOf(buffer, at, end);
      if (!add({ from: position + at, to: position + end, bytes: content })) return false;
      at = end;
    }
  }

  /** Files that are written alike have one in common. */
  #readerOf({ dialect, fields }: CopiedFile, newline: Newline): FileReader {
    const key = JSON.stringify([dialect.delimiter, dialect.quote, newline, fields]);
    const known = this.#readers.get(key);
    if (known !== undefined) return known;
    const { columns, decimalSeparator } = this.#spec;
    const values = (index: number): ColumnValues => this.#columns[index] as ColumnValues;
    const records = new RecordReader(
      { dialect, decimalSeparator, newline },
      fields.map((index) => ({ ...(columns[index] as CopiedColumn), values: values(index) })),
      columns.flatMap((_, index) => (fields.includes(index) ? [] : [values(index)])),
    );
    const reader = { records, check: new RecordCheck(dialect, newline) };
    this.#readers.set(key, reader);
    return reader;
  }
}

interface FileReader {
  readonly records: RecordReader;
  readonly check: RecordCheck;
}

/** A row that others have read. */
function putCells(columns: readonly ColumnValues[], cells: readonly CarefulCell[]): void {
  for (const [index, column] of columns.entries()) {
    const cell = cells[index] ?? null;
    if (cell === null) putNull(column);
    else if (cell instanceof Uint8Array) putText(column, cell, 0, cell.length, hashOf(cell));
    else putWords(column, cell.low, cell.high);
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
