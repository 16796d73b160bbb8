import type { CsvDialect } from '../csv-dialect.ts';
import { byteClasses } from './byte-class.ts';
import type { CellAutomaton } from './cell-automaton.ts';
import { type Lines, readLines } from './read-lines.ts';
import { type Newline, RecordAutomaton } from './record-automaton.ts';
import { LineScanner } from './scan-lines.ts';

/** What was seen of all bytes of a file that is written as its dialect says, a record a line. */
export interface FileProof {
  readonly records: number;
  /** Fields of which some cell is not plain. */
  readonly odd: ReadonlySet<number>;
}

export interface ProofRequest {
  readonly path: string;
  readonly dialect: CsvDialect;
  readonly decimalSeparator: string;
  /** By field: the cells to be proved; null: any text. */
  readonly cells: readonly (CellAutomaton | null)[];
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Null: nothing is proved, which says nothing against the file. */
export async function proveFile(request: ProofRequest): Promise<FileProof | null> {
  if (!isSimple(request.dialect)) return null;
  let data: DataScanner | null = null;
  for await (const lines of readLines(request.path)) {
    if (lines === null) return null;
    const from = data === null ? headEnd(lines, request) : 0;
    if (from === null) return null;
    data ??= new DataScanner(request, newlineOf(lines));
    if (!data.take(lines, from)) return null;
  }
  return data === null ? null : { records: data.records, odd: data.odd };
}

/** Whether quotes, delimiters and text are what the automata take them for. */
function isSimple({ delimiter, quote, escape: escapes, encoding }: CsvDialect): boolean {
  const [delimiterBytes, quoteBytes] = [Buffer.byteLength(delimiter), Buffer.byteLength(quote)];
  return delimiterBytes === 1 && quoteBytes <= 1 && escapes === quote && encoding === 'utf-8';
}

class DataScanner {
  readonly #scanner: LineScanner;
  readonly #newline: Newline;
  records = 0;

  constructor({ cells, dialect, decimalSeparator }: Omit<ProofRequest, 'path'>, newline: Newline) {
    this.#newline = newline;
    const automaton = new RecordAutomaton(cells, newline);
    this.#scanner = new LineScanner(automaton, byteClasses(dialect, decimalSeparator));
  }

  get odd(): ReadonlySet<number> {
    return this.#scanner.odd;
  }

  /** False: the records are not written as they should be. */
  take({ bytes, length }: Lines, from: number): boolean {
    let end = length;
    // The last line of a file may have no newline.
    if (length > from && bytes[length - 1] !== LINE_FEED) end += bytes.write(this.#newline, length, 'latin1');
    const records = this.#scanner.scan(bytes, from, end);
    this.records += records ?? 0;
    return records !== null;
  }
}

function newlineOf({ bytes, length }: Lines): Newline {
  const end = bytes.subarray(0, length).indexOf(LINE_FEED);
  return bytes[end - 1] === CARRIAGE_RETURN ? '\r\n' : '\n';
}

/** Where the rows begin in the first lines of a file; null: that is not plain to see. */
function headEnd(lines: Lines, { dialect, decimalSeparator }: ProofRequest): number | null {
  const bytes = lines.bytes.subarray(0, lines.length);
  let from = bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  for (let line = 0; line < dialect.skip; line++) {
    from = bytes.indexOf(LINE_FEED, from) + 1;
    if (from === 0) return null;
  }
  if (!dialect.header) return from;
  const end = bytes.indexOf(LINE_FEED, from) + 1;
  const texts = dialect.names.map(() => null);
  const header = new DataScanner({ cells: texts, dialect, decimalSeparator }, newlineOf(lines));
  return end > 0 && header.take({ bytes: lines.bytes, length: end }, from) ? end : null;
}
