import { type ColumnChunk, ENCODING } from './column-chunk.ts';
import type { StagedKind } from './staged-kind.ts';
import { ThriftWriter } from './thrift.ts';

export const MAGIC = Buffer.from('PAR1');
const OPTIONAL = 1;
const UNCOMPRESSED = 0;

export interface NamedKind {
  readonly name: string;
  readonly kind: StagedKind;
}

/** A row group in a file. */
export interface RowGroup {
  readonly offset: number;
  readonly rows: number;
  /** One a column, one behind the other. */
  readonly chunks: readonly ColumnChunk[];
}

/** What stands at the end of a Parquet file: where its columns lie. */
export function parquetFooter(columns: readonly NamedKind[], groups: readonly RowGroup[]): Buffer {
  const metadata = new ThriftWriter()
    .i32(1, 1)
    .structs(2, [null, ...columns], (writer, column) =>
      column === null ? writer.text(4, 'schema').i32(5, columns.length) : schemaElement(writer, column),
    )
    .i64(
      3,
      groups.reduce((sum, { rows }) => sum + rows, 0),
    )
    .structs(4, groups, (writer, group) => rowGroup(writer, columns, group))
    .text(6, 'serve-batch')
    .end();
  const length = Buffer.alloc(4);
  length.writeUInt32LE(metadata.length);
  return Buffer.concat([metadata, length, MAGIC]);
}

function schemaElement(writer: ThriftWriter, { name, kind }: NamedKind): void {
  writer.i32(1, kind.physical).i32(3, OPTIONAL).text(4, name);
  if (kind.converted !== null) writer.i32(6, kind.converted);
}

function rowGroup(writer: ThriftWriter, columns: readonly NamedKind[], group: RowGroup): void {
  let offset = group.offset;
  const placed = group.chunks.map((chunk, index) => {
    const from = offset;
    offset += chunk.bytes;
    return { chunk, from, column: columns[index] as NamedKind };
  });
  writer
    .structs(1, placed, (each, place) => columnChunk(each, place))
    .i64(2, offset - group.offset)
    .i64(3, group.rows);
}

function columnChunk(
  writer: ThriftWriter,
  { chunk, from, column }: { readonly chunk: ColumnChunk; readonly from: number; readonly column: NamedKind },
): void {
  const { rows, bytes, dictionaryBytes } = chunk;
  const encodings =
    dictionaryBytes > 0
      ? [ENCODING.rle, ENCODING.plain, ENCODING.dictionary]
      : [ENCODING.rle, ENCODING.plain];
  writer.i64(2, from).struct(3, (metadata) => {
    metadata
      .i32(1, column.kind.physical)
      .i32s(2, encodings)
      .texts(3, [column.name])
      .i32(4, UNCOMPRESSED)
      .i64(5, rows)
      .i64(6, bytes)
      .i64(7, bytes)
      .i64(9, from + dictionaryBytes);
    if (dictionaryBytes > 0) metadata.i64(11, from);
  });
}
