import { rm, writeFile } from 'node:fs/promises';
import type { DuckDBBlobValue, DuckDBDateValue, DuckDBTimestampValue, DuckDBVector } from '@duckdb/node-api';
import { temporaryName } from '../../core/files/durable-file.ts';
import { quoteName } from '../../core/text/sql.ts';
import { holdVectors, type VectorInternals } from '../duckdb/chunk-stream.ts';
import type { Database } from '../duckdb/database.ts';
import type { CsvOptions } from '../formats/input-options.ts';
import { integerWords, type Words } from './direct/careful-value.ts';
import type { CarefulCell, CarefulLine } from './direct/odd/odd-lines.ts';
import type { LinesOfFile } from './direct/odd/odd-pieces.ts';
import { dropRejects, hasRejects } from './rejects.ts';
import { type StagedColumn, typedColumns } from './staged-columns.ts';
import { ODD_COLUMN, placeOf, stagingSelect } from './staging-select.ts';

export interface OddLinesRequest {
  readonly columns: readonly StagedColumn[];
  readonly options: CsvOptions;
  /** Small files of the lines lie beside it for a moment. */
  readonly target: string;
}

/**
 * What DuckDB makes, with care, of single lines, as it would in a file of which they are a part: each is looked at by
 * itself. Null: it finds other records than lines.
 */
export async function readOddLines(
  database: Database,
  request: OddLinesRequest,
  files: readonly LinesOfFile[],
): Promise<readonly CarefulLine[] | null> {
  const read: CarefulLine[] = [];
  for (const file of files) {
    const path = temporaryName(request.target);
    try {
      await writeFile(path, contentOf(file), { flag: 'wx' });
      const lines = await readLines(database, request, file, path);
      if (lines.length !== file.lines.length || (await hasRejects(database))) return null;
      for (const line of lines) read.push(line);
    } finally {
      await rm(path, { force: true });
    }
  }
  return read;
}

/** With a header, since a byte order mark at the beginning of the first line would be lost. */
function contentOf({ dialect, lines }: LinesOfFile): Buffer {
  const newline = Buffer.from('\n');
  const header = Buffer.from(dialect.names.map((_, field) => `c${field}`).join(dialect.delimiter));
  return Buffer.concat([header, newline, ...lines.flatMap((line) => [line, newline])]);
}

async function readLines(
  database: Database,
  { columns, options }: OddLinesRequest,
  { dialect }: LinesOfFile,
  path: string,
): Promise<readonly CarefulLine[]> {
  await dropRejects(database);
  const group = { dialect: { ...dialect, header: true, skip: 0 }, paths: [path] };
  const present = columns.filter((column) => placeOf(dialect, column) !== -1);
  const typed = typedColumns(columns);
  // Texts by their bytes: DuckDB's package drops a byte order mark from one.
  const cells = present.map(({ name, type }) => {
    const cell = quoteName(name);
    return type === 'VARCHAR' ? `encode(${cell})` : cell;
  });
  const odd = typed.map((_, index) => `encode(${ODD_COLUMN}[${index + 1}])`);
  const isOdd = typed.length === 0 ? 'false' : `${ODD_COLUMN} IS NOT NULL`;
  const select = `SELECT ${[...cells, isOdd, ...odd].join(', ')} FROM (${stagingSelect(group, columns, options, false)})`;
  const places = columns.map((column) => present.indexOf(column));
  const lines: CarefulLine[] = [];
  for (const { rows, vectors } of await holdVectors(database, select)) {
    const texts = vectors.slice(present.length + 1);
    for (let row = 0; row < rows; row++)
      lines.push({
        cells: places.map((place) => cellOf(vectors[place], row)),
        odd: vectors[present.length]?.getItem(row) === true ? texts.map((each) => bytesOf(each, row)) : null,
      });
  }
  return lines;
}

/** Undefined: the file does not have the column. */
function cellOf(vector: DuckDBVector | undefined, row: number): CarefulCell {
  const item = vector?.getItem(row) ?? null;
  if (vector === undefined || item === null) return null;
  switch (vector.type.toString()) {
    case 'BLOB':
      return bytesOf(vector, row);
    case 'DOUBLE':
      return doubleWords(vector, row);
    case 'BOOLEAN':
      return { low: item === true ? 1 : 0, high: 0 };
    case 'DATE':
      return { low: (item as DuckDBDateValue).days, high: 0 };
    case 'TIMESTAMP':
      return integerWords((item as DuckDBTimestampValue).micros);
    default:
      return integerWords(BigInt(item as number | bigint));
  }
}

/** By its bits, which are more than a number for NaN. */
function doubleWords(vector: DuckDBVector, row: number): Words {
  const items = (vector as unknown as VectorInternals).items as Float64Array;
  const bits = new DataView(items.buffer, items.byteOffset + row * 8, 8);
  return { low: bits.getInt32(0, true), high: bits.getInt32(4, true) };
}

function bytesOf(vector: DuckDBVector, row: number): Uint8Array | null {
  const item = vector.getItem(row) as DuckDBBlobValue | null;
  return item === null ? null : Uint8Array.from(item.bytes);
}
