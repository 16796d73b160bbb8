import type { Extent } from '../../storage/download.ts';

/** Where the values of one column lie in one row group, as `parquet_metadata` says. */
export interface ColumnChunk {
  /** The column of the table; of a nested one, with what is inside of it: `place, list, element`. */
  readonly path: string;
  /** Of the row group's rows in the file. */
  readonly rowStart: number;
  readonly rowEnd: number;
  readonly extents: readonly Extent[];
}

/** Gaps up to this are read, too: a request costs more than they do. */
const GAP_BYTES = 256 * 1024;

/** DuckDB's names of what it needs. */
export const CHUNK_COLUMNS = [
  'row_group_id',
  'row_group_num_rows',
  'path_in_schema',
  'dictionary_page_offset',
  'data_page_offset',
  'index_page_offset',
  'total_compressed_size',
  'bloom_filter_offset',
  'bloom_filter_length',
] as const;

/** @param rows of `parquet_metadata`, of one file, in its order */
export function columnChunks(rows: readonly Readonly<Record<string, unknown>>[]): readonly ColumnChunk[] {
  const chunks: ColumnChunk[] = [];
  let group = 0;
  let rowStart = 0;
  let rowEnd = 0;
  for (const row of rows) {
    if (chunks.length === 0 || Number(row.row_group_id) !== group) {
      group = Number(row.row_group_id);
      rowStart = rowEnd;
      rowEnd = rowStart + Number(row.row_group_num_rows);
    }
    chunks.push({ path: String(row.path_in_schema), rowStart, rowEnd, extents: extentsOf(row) });
  }
  return chunks;
}

/** Pages lie behind each other, the dictionary first; some writers give a place of 0 where there is none. */
function extentsOf(row: Readonly<Record<string, unknown>>): Extent[] {
  const places = [row.dictionary_page_offset, row.index_page_offset, row.data_page_offset];
  const start = Math.min(...places.map(Number).filter((place) => place > 0));
  const bloom = Number(row.bloom_filter_offset ?? 0);
  return [
    [start, start + Number(row.total_compressed_size)],
    // Older files do not say how long it is.
    ...(bloom > 0 ? [[bloom, bloom + Number(row.bloom_filter_length ?? GAP_BYTES)] as const] : []),
  ];
}

/** What has to be read for some rows of some columns; columns are compared whatever their case. */
export function extentsFor(
  chunks: readonly ColumnChunk[],
  wanted: { readonly rowStart: number; readonly rowEnd: number; readonly columns: readonly string[] },
): readonly Extent[] {
  const columns = new Set(wanted.columns.map((name) => name.toLowerCase()));
  const extents = chunks
    .filter(({ path }) => columnsOf(path.toLowerCase()).some((name) => columns.has(name)))
    .filter(({ rowStart, rowEnd }) => rowStart < wanted.rowEnd && rowEnd > wanted.rowStart)
    .flatMap((chunk) => chunk.extents);
  return joined(extents, GAP_BYTES);
}

/** What the column of a path may be called: a name may hold what parts the names. */
function columnsOf(path: string): readonly string[] {
  const parts = path.split(', ');
  return parts.map((_, index) => parts.slice(0, index + 1).join(', '));
}

/** In order, without overlaps, those next to each other as one. */
export function joined(extents: readonly Extent[], gapBytes = 0): readonly Extent[] {
  const sorted = [...extents].sort(([a], [b]) => a - b);
  const found: Extent[] = [];
  for (const [start, end] of sorted) {
    const last = found.at(-1);
    if (last !== undefined && start <= last[1] + gapBytes)
      found[found.length - 1] = [last[0], Math.max(last[1], end)];
    else found.push([start, end]);
  }
  return found;
}

/** What of `wanted` is not in `there`; both in order and without overlaps. */
export function missingFrom(wanted: readonly Extent[], there: readonly Extent[]): readonly Extent[] {
  return wanted.flatMap(([start, end]) => {
    const missing: Extent[] = [];
    let at = start;
    for (const [from, to] of there) {
      if (to <= at || from >= end) continue;
      if (from > at) missing.push([at, from]);
      at = Math.max(at, to);
    }
    if (at < end) missing.push([at, end]);
    return missing;
  });
}
