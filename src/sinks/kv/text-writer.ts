import type { ByteWriter } from '../../kv/byte-writer.ts';
import type { TextTemplate } from './kv-texts.ts';
import type { TextColumn } from './text-column.ts';

type Piece =
  | { readonly bytes: Uint8Array; readonly column: null }
  | { readonly bytes: Uint8Array | null; readonly column: TextColumn };

/** Writes the text of a row: a key, a field or a value. */
export class TextWriter {
  readonly #pieces: readonly Piece[];
  readonly #columns: readonly TextColumn[];
  /** Columns whose null makes the whole text empty. */
  readonly #needed: readonly TextColumn[];

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
  }

  /** Whether the text of a row is certainly that of the row before it. */
  isRepeated(row: number): boolean {
    const columns = this.#columns;
    for (let index = 0; index < columns.length; index++)
      if (!(columns[index] as TextColumn).isRepeated(row)) return false;
    return true;
  }

  write(writer: ByteWriter, row: number): void {
    const needed = this.#needed;
    for (let index = 0; index < needed.length; index++) if ((needed[index] as TextColumn).isNull(row)) return;
    const pieces = this.#pieces;
    for (let index = 0; index < pieces.length; index++) {
      const { bytes, column } = pieces[index] as Piece;
      if (column !== null && !column.isNull(row)) column.write(writer, row);
      else if (bytes !== null) writer.piece(bytes, 0, bytes.length);
    }
  }
}
