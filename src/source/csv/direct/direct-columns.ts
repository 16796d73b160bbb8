import type { CsvOptions } from '../../formats/input-options.ts';
import { cellsOf } from '../plain/prove-columns.ts';
import { isTyped, type StagedColumn } from '../staged-columns.ts';
import type { CopiedColumn } from './group-copier.ts';
import { GROUP_ROWS, MOST_PIECE_BYTES } from './parquet/group-size.ts';
import { stagedKind } from './parquet/staged-kind.ts';

/** What one thread may take. */
const MOST_BYTES = 192 << 20;
/** A value twice, as it is read and as it is written, with its index in a dictionary. */
const BYTES_OF_A_VALUE = 2 * 8 + 2;

/** What a thread takes at most, about: a row group as values and as pages, and the texts of a piece. */
export function bytesOfThread(columns: number): number {
  return MOST_PIECE_BYTES + columns * GROUP_ROWS * BYTES_OF_A_VALUE;
}

/** How the columns are copied without DuckDB. Null: some are of a type, or checked in a way, that only it knows. */
export function directColumns(
  columns: readonly StagedColumn[],
  options: CsvOptions,
): readonly CopiedColumn[] | null {
  if (bytesOfThread(columns.length) > MOST_BYTES) return null;
  const copied = columns.map((column) => copiedColumn(column, options));
  return copied.every((each) => each !== null) ? (copied as readonly CopiedColumn[]) : null;
}

function copiedColumn(column: StagedColumn, options: CsvOptions): CopiedColumn | null {
  const { name, type } = column;
  if (stagedKind(type) === null) return null;
  if (!isTyped(column)) return type === 'VARCHAR' ? { name, type, check: 'plain' } : null;
  return cellsOf(column, options) === null ? null : { name, type, check: column.check };
}
