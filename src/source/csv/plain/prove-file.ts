import type { CsvDialect } from '../csv-dialect.ts';
import { byteClasses } from './byte-class.ts';
import type { CellAutomaton } from './cell-automaton.ts';
import { isSimple, shapeOf } from './file-head.ts';
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

/** Null: nothing is proved, which says nothing against the file. */
export async function proveFile(request: ProofRequest): Promise<FileProof | null> {
  if (!isSimple(request.dialect)) return null;
  let data: DataScanner | null = null;
  for await (const lines of readLines(request.path)) {
    if (lines === null) return null;
    const head = data === null ? shapeOf(lines.bytes.subarray(0, lines.length), request.dialect) : null;
    if (data === null && head === null) return null;
    data ??= new DataScanner(request, head?.newline ?? '\n');
    if (!data.take(lines, head?.from ?? 0)) return null;
  }
  return data === null ? null : { records: data.records, odd: data.odd };
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
