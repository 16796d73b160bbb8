import { type ColumnChunk, ENCODING } from './column-chunk.ts';
import type { StagedKind } from './staged-kind.ts';
import { ThriftWriter } from './thrift.ts';

export const MAGIC = Buffer.from('PAR1');
const OPTIONAL = 1;
const REPEATED = 2;
/** Parquet's converted type of lists, and what lies below them. */
const LIST = 3;
const LIST_PATH = ['list', 'element'] as const;
const UNCOMPRESSED = 0;

/** A column of values, or of lists of them. */
export interface ParquetColumn {
  readonly name: string;
  readonly kind: StagedKind;
  readonly isList: boolean;
}

export interface PlacedChunk extends ColumnChunk {
  /** Where it lies in the file. */
  readonly offset: number;
}

/** A row group in a file. */
export interface RowGroup {
  readonly rows: number;
  /** One a column. */
  readonly chunks: readonly PlacedChunk[];
}

/** What stands at the end of a Parquet file: where its columns lie. */
export function parquetFooter(columns: readonly ParquetColumn[], groups: readonly RowGroup[]): Buffer {
  const root: SchemaElement = { name: 'schema', children: columns.length };
  const metadata = new ThriftWriter()
    .i32(1, 1)
    .structs(2, [root, ...columns.flatMap(schemaElements)], schemaElement)
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

/** A node of the schema, which is written from the root down. */
interface SchemaElement {
  readonly name: string;
  readonly repetition?: number;
  /** Of a value. */
  readonly physical?: number;
  readonly converted?: number | null;
  /** Of a node that has others below it. */
  readonly children?: number;
}

function schemaElements({ name, kind, isList }: ParquetColumn): readonly SchemaElement[] {
  const { physical, converted } = kind;
  if (!isList) return [{ name, repetition: OPTIONAL, physical, converted }];
  return [
    { name, repetition: OPTIONAL, children: 1, converted: LIST },
    { name: LIST_PATH[0], repetition: REPEATED, children: 1 },
    { name: LIST_PATH[1], repetition: OPTIONAL, physical, converted },
  ];
}

function schemaElement(writer: ThriftWriter, element: SchemaElement): void {
  const { name, repetition, physical, converted, children } = element;
  if (physical !== undefined) writer.i32(1, physical);
  if (repetition !== undefined) writer.i32(3, repetition);
  writer.text(4, name);
  if (children !== undefined) writer.i32(5, children);
  if (converted !== undefined && converted !== null) writer.i32(6, converted);
}

function rowGroup(writer: ThriftWriter, columns: readonly ParquetColumn[], group: RowGroup): void {
  const placed = group.chunks.map((chunk, index) => ({ chunk, column: columns[index] as ParquetColumn }));
  writer
    .structs(1, placed, columnChunk)
    .i64(
      2,
      group.chunks.reduce((sum, { bytes }) => sum + bytes, 0),
    )
    .i64(3, group.rows);
}

function columnChunk(
  writer: ThriftWriter,
  { chunk, column }: { readonly chunk: PlacedChunk; readonly column: ParquetColumn },
): void {
  const { values, bytes, dictionaryBytes, offset } = chunk;
  const encodings =
    dictionaryBytes > 0
      ? [ENCODING.rle, ENCODING.plain, ENCODING.dictionary]
      : [ENCODING.rle, ENCODING.plain];
  writer.i64(2, offset).struct(3, (metadata) => {
    metadata
      .i32(1, column.kind.physical)
      .i32s(2, encodings)
      .texts(3, column.isList ? [column.name, ...LIST_PATH] : [column.name])
      .i32(4, UNCOMPRESSED)
      .i64(5, values)
      .i64(6, bytes)
      .i64(7, bytes)
      .i64(9, offset + dictionaryBytes);
    if (dictionaryBytes > 0) metadata.i64(11, offset);
  });
}
