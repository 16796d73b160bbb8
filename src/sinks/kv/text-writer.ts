import type { ByteWriter } from '../../kv/byte-writer.ts';
import { putPiece } from '../../kv/put-bytes.ts';
import type { TextTemplate } from './kv-texts.ts';
import type { TextColumn } from './text-column.ts';

type Piece =
  | { readonly bytes: Buffer; readonly column: null }
  | { readonly bytes: Buffer | null; readonly column: TextColumn };

/** Writes the text of a row: a key, a field or a value. */
export class TextWriter {
  readonly #pieces: readonly Piece[];
  readonly #columns: readonly TextColumn[];
  /** Columns whose null makes the whole text empty. */
  readonly #needed: readonly TextColumn[];
  /** Of all that the template has besides columns. */
  readonly #otherBytes: number;
  /** The column that is the whole text: most fields and values are. */
  readonly #only: TextColumn | null;

  /** `columns`: those that the template's pieces name by their index. */
  constructor(template: TextTemplate, columns: readonly TextColumn[]) {
    const at = (index: number): TextColumn => {
      const column = columns[index];
      if (column === undefined) throw new RangeError(`There is no column ${index}`);
      return column;
    };
    this.#pieces = template.map((piece) =>
      'literal' in piece
        ? { bytes: Buffer.from(piece.literal), column: null }
        : { bytes: piece.ifNull === null ? null : Buffer.from(piece.ifNull), column: at(piece.column) },
    );
    this.#columns = this.#pieces.flatMap(({ column }) => column ?? []);
    this.#needed = this.#pieces.flatMap(({ bytes, column }) => (bytes === null ? (column ?? []) : []));
    const [first] = this.#pieces;
    this.#only = this.#pieces.length === 1 ? (first?.column ?? null) : null;
    this.#otherBytes = this.#pieces.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0);
  }

  /** Whether the text of a row is certainly that of the row before it. */
  isRepeated(row: number): boolean {
    const columns = this.#columns;
    for (let index = 0; index < columns.length; index++)
      if (!(columns[index] as TextColumn).isRepeated(row)) return false;
    return true;
  }

  /** Appends the text of a row, and returns its bytes. */
  write(writer: ByteWriter, row: number): number {
    const only = this.#only;
    if (only === null || only.nulls !== null) return this.#writePieces(writer, row);
    const start = only.starts[row] as number;
    const end = only.ends[row] as number;
    const bytes = writer.room(end - start);
    writer.wroteTo(putPiece(bytes, writer.length, only.bytes, start, end));
    return end - start;
  }

  #writePieces(writer: ByteWriter, row: number): number {
    const needed = this.#needed;
    for (let index = 0; index < needed.length; index++)
      if ((needed[index] as TextColumn).isNull(row)) return 0;
    const bytes = writer.room(this.#sizeOf(row));
    const start = writer.length;
    let at = start;
    const pieces = this.#pieces;
    for (let index = 0; index < pieces.length; index++) {
      const { bytes: other, column } = pieces[index] as Piece;
      if (column !== null && !column.isNull(row))
        at = putPiece(bytes, at, column.bytes, column.starts[row] as number, column.ends[row] as number);
      else if (other !== null) at = putPiece(bytes, at, other, 0, other.length);
    }
    writer.wroteTo(at);
    return at - start;
  }

  /** Or more. */
  #sizeOf(row: number): number {
    const columns = this.#columns;
    let size = this.#otherBytes;
    for (let index = 0; index < columns.length; index++) {
      const { starts, ends } = columns[index] as TextColumn;
      size += (ends[row] as number) - (starts[row] as number);
    }
    return size;
  }
}
