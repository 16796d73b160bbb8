import type { FileHandle } from 'node:fs/promises';
import type { CsvDialect } from '../csv-dialect.ts';
import { byteClasses } from './byte-class.ts';
import { type Newline, RecordAutomaton } from './record-automaton.ts';
import { LineScanner } from './scan-lines.ts';

/** How the lines of a file end, and where its rows begin. */
export interface FileShape {
  readonly newline: Newline;
  readonly from: number;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const HEAD_BYTES = 1 << 20;

/** Whether quotes, delimiters and text are what the automata take them for. */
export function isSimple({ delimiter, quote, escape: escapes, encoding }: CsvDialect): boolean {
  const [delimiterBytes, quoteBytes] = [Buffer.byteLength(delimiter), Buffer.byteLength(quote)];
  return delimiterBytes === 1 && quoteBytes <= 1 && escapes === quote && encoding === 'utf-8';
}

/** The shape of a file. Null: it is not plain to see. */
export async function headOf(file: FileHandle, dialect: CsvDialect): Promise<FileShape | null> {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES);
  const { bytesRead } = await file.read(bytes, 0, HEAD_BYTES, 0);
  return shapeOf(bytes.subarray(0, bytesRead), dialect);
}

/** `bytes`: the first ones of a file. Null: it is not plain to see. */
export function shapeOf(bytes: Buffer, dialect: CsvDialect): FileShape | null {
  const newline = newlineOf(bytes);
  let from = bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  for (let line = 0; line < dialect.skip; line++) {
    from = bytes.indexOf(LINE_FEED, from) + 1;
    if (from === 0) return null;
  }
  if (!dialect.header) return { newline, from };
  const end = bytes.indexOf(LINE_FEED, from) + 1;
  return end > 0 && isRecord(bytes, from, end, dialect, newline) ? { newline, from: end } : null;
}

/** Whether a line is a record of as many fields as there are names. */
function isRecord(bytes: Buffer, from: number, to: number, dialect: CsvDialect, newline: Newline): boolean {
  const automaton = new RecordAutomaton(
    dialect.names.map(() => null),
    newline,
  );
  // What a number is does not matter to texts.
  return new LineScanner(automaton, byteClasses(dialect, '.')).scan(bytes, from, to) !== null;
}

function newlineOf(bytes: Buffer): Newline {
  const end = bytes.indexOf(LINE_FEED);
  return bytes[end - 1] === CARRIAGE_RETURN ? '\r\n' : '\n';
}
