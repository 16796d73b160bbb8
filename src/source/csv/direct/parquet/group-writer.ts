import type { FileHandle } from 'node:fs/promises';
import { ODD_COLUMN } from '../../staging-select.ts';
import type { CopiedColumn, CopiedGroup } from '../group-copier.ts';
import { type OddTexts, oddTextsPages } from '../odd/odd-texts.ts';
import type { ColumnChunk } from './column-chunk.ts';
import {
  MAGIC,
  type ParquetColumn,
  type PlacedChunk,
  parquetFooter,
  type RowGroup,
} from './parquet-footer.ts';
import { type StagedKind, stagedKind } from './staged-kind.ts';

/** Writes row groups into a Parquet file as they come, whatever their places in the table. */
export class GroupWriter {
  readonly #file: FileHandle;
  readonly #groups: RowGroup[] = [];
  readonly #odd: (readonly OddTexts[])[] = [];
  #offset = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  begin(): Promise<void> {
    return this.#append(MAGIC);
  }

  /** `odd`: its rows whose texts are kept. */
  async write(
    place: number,
    { rows, chunks, bytes }: CopiedGroup,
    odd: readonly OddTexts[] = [],
  ): Promise<void> {
    this.#groups[place] = { rows, chunks: placed(chunks, this.#offset) };
    this.#odd[place] = odd;
    await this.#append(bytes);
  }

  async end(columns: readonly CopiedColumn[]): Promise<void> {
    const named = columns.map(
      ({ name, type }): ParquetColumn => ({ name, kind: kindOf(type), isList: false }),
    );
    if (this.#odd.every(({ length }) => length === 0)) {
      await this.#append(parquetFooter(named, this.#groups));
      return;
    }
    const groups: RowGroup[] = [];
    for (const [place, { rows, chunks }] of this.#groups.entries()) {
      const { chunk, pieces } = oddTextsPages(rows, this.#odd[place] ?? []);
      groups.push({ rows, chunks: [...chunks, { ...chunk, offset: this.#offset }] });
      await this.#append(Buffer.concat(pieces));
    }
    const odd: ParquetColumn = { name: ODD_COLUMN, kind: kindOf('VARCHAR'), isList: true };
    await this.#append(parquetFooter([...named, odd], groups));
  }

  async #append(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, written, bytes.length - written, this.#offset);
      written += bytesWritten;
      this.#offset += bytesWritten;
    }
  }
}

/** Chunks that lie one behind the other. */
function placed(chunks: readonly ColumnChunk[], from: number): readonly PlacedChunk[] {
  let next = from;
  return chunks.map((chunk) => {
    const offset = next;
    next += chunk.bytes;
    return { ...chunk, offset };
  });
}

function kindOf(type: string): StagedKind {
  const kind = stagedKind(type);
  if (kind === null) throw new TypeError(`Nothing but DuckDB makes values of ${type}`);
  return kind;
}
