import { ServeBatchError } from '../../core/errors.ts';
import { quoteFile, quoteText } from '../../core/text/sql.ts';
import type { Database } from '../duckdb/database.ts';
import { readHead } from './csv-bytes.ts';

/** The beginning of a CSV file as text. */
export interface CsvHead {
  readonly text: string;
  /** As DuckDB calls it; `utf-16be`, the byte order that it does not read, has to be copied first. */
  readonly encoding: string;
  /** Whether the text goes on behind what was read: its last line may be cut. */
  readonly isCut: boolean;
}

const HEAD_BYTES = 256 * 1024;

/**
 * Reads the beginning of a file. A byte order mark says its encoding where the job does not. Throws
 * `INPUT_UNREADABLE` for what looks like UTF-16 and does not say so.
 */
export async function readCsvHead(
  database: Database,
  path: string,
  given: string | undefined,
): Promise<CsvHead> {
  const bytes = await readHead(path, HEAD_BYTES);
  if (bytes === null) return readLines(database, path, given ?? 'utf-8');
  const marked = encodingOfMark(bytes);
  const encoding = (/utf-?16/i.test(given ?? '') ? marked : undefined) ?? given ?? marked ?? 'utf-8';
  if (given === undefined && encoding === 'utf-8' && looksLikeUtf16(bytes)) throw noMark(path);
  return { text: decode(bytes, encoding), encoding, isCut: bytes.length === HEAD_BYTES };
}

function encodingOfMark([first, second]: Buffer): string | undefined {
  if (first === 0xff && second === 0xfe) return 'utf-16';
  return first === 0xfe && second === 0xff ? 'utf-16be' : undefined;
}

/** Latin text has a zero in every other byte. */
export function looksLikeUtf16(bytes: Buffer): boolean {
  const start = bytes.subarray(0, 1024);
  let zeros = 0;
  for (const byte of start) if (byte === 0) zeros++;
  return zeros > start.length / 4;
}

function noMark(path: string): ServeBatchError {
  return new ServeBatchError(
    'INPUT_UNREADABLE',
    `${path} is not UTF-8: every other byte is zero, as in UTF-16 without a byte order mark. Set input.csv.encoding: utf-16 (it takes utf-8, utf-16 and latin-1), or save the file as UTF-8.`,
    { fields: { file: path } },
  );
}

function decode(bytes: Buffer, encoding: string): string {
  if (encoding === 'utf-16be') return new TextDecoder('utf-16be').decode(bytes);
  if (/utf-?16/i.test(encoding)) return new TextDecoder('utf-16le').decode(bytes);
  return new TextDecoder(/latin/i.test(encoding) ? 'latin1' : 'utf-8').decode(bytes);
}

/** By way of DuckDB, which leaves out blank lines. */
async function readLines(database: Database, path: string, encoding: string): Promise<CsvHead> {
  const rows = await database.rows(
    `SELECT text FROM read_csv(${quoteFile(path)}, auto_detect = false, header = false, delim = ${quoteText('\x01')}, quote = '', escape = '', columns = {text: 'VARCHAR'}, strict_mode = false, encoding = ${quoteText(encoding)}) LIMIT 500`,
  );
  const text = rows.map((row) => `${String(row.text ?? '')}\n`).join('');
  return { text: text.replace(/^\uFEFF/, ''), encoding, isCut: rows.length === 500 };
}
