import { quoteFiles, quoteName, quoteText } from '../../core/text/sql.ts';
import type { Database } from '../duckdb/database.ts';
import type { CsvOptions } from '../formats/input-options.ts';
import { readError } from '../read-error.ts';
import { type CsvHead, readCsvHead } from './csv-head.ts';
import { hasHeader, headerNames } from './csv-header.ts';
import { splitRecords, type TextRecord } from './split-records.ts';

/** How one CSV file is written, with nothing left to detect. */
export interface CsvDialect {
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
  readonly header: boolean;
  /** Lines before the header, or before the first row where there is none. */
  readonly skip: number;
  /** Whether those lines are the same ones to DuckDB, to which quotes and the newline of the file mean something there. */
  readonly isSkipPlain: boolean;
  readonly encoding: string;
  readonly names: readonly string[];
  /** Lines at the beginning that have fewer fields than those after them; 0: none. They are not skipped. */
  readonly preamble: number;
}

const DELIMITERS = [',', ';', '\t', '|'] as const;
const RECORDS = 500;

/** Looks at the beginning of a CSV file. Throws `INPUT_UNREADABLE`, or for a header without clear names. */
export async function findDialect(
  database: Database,
  path: string,
  options: CsvOptions,
): Promise<CsvDialect> {
  try {
    return dialectOf(path, await readCsvHead(database, path, options.encoding), options);
  } catch (error) {
    throw readError(error, path);
  }
}

function dialectOf(path: string, head: CsvHead, options: CsvOptions): CsvDialect {
  const quote = options.quote ?? '"';
  const quoting = { quote, escape: options.escape ?? quote };
  const skipped = skipLines(head.text, options.skip ?? 0);
  // Excel's way to say the delimiter.
  const said = options.delimiter === undefined ? /^sep=(.)\r?\n/.exec(skipped)?.[1] : undefined;
  const text = said === undefined ? skipped : skipLines(skipped, 1);
  const skip = (options.skip ?? 0) + (said === undefined ? 0 : 1);
  const split = (delimiter: string): readonly TextRecord[] => {
    const records = splitRecords(text, { ...quoting, delimiter }, RECORDS);
    return head.isCut && records.length < RECORDS ? records.slice(0, -1) : records;
  };
  const delimiter = options.delimiter ?? said ?? (isTsv(path) ? '\t' : findDelimiter(split));
  const records = split(delimiter);
  const [first] = records;
  const header = options.header ?? hasHeader(records);
  const names =
    first === undefined
      ? []
      : header
        ? headerNames(path, { ...first, line: first.line + skip })
        : first.fields.map((_, index) => `column${index}`);
  const allSkipped = skip + (first === undefined ? 0 : first.line - 1);
  return {
    ...quoting,
    delimiter,
    header,
    skip: allSkipped,
    isSkipPlain: isSkipPlain(head.text, allSkipped, quote),
    encoding: head.encoding,
    names,
    preamble: options.skip === undefined ? preambleOf(records) : 0,
  };
}

function isTsv(path: string): boolean {
  return /\.tsv(\.|$)/i.test(path);
}

function skipLines(text: string, lines: number): string {
  let position = 0;
  for (let line = 0; line < lines; line++) {
    const found = /\r\n|\n|\r/g;
    found.lastIndex = position;
    if (found.exec(text) === null) return '';
    position = found.lastIndex;
  }
  return text.slice(position);
}

/** Whether lines before the table have no quotes, and end as the next line does. */
function isSkipPlain(text: string, lines: number, quote: string): boolean {
  const rest = skipLines(text, lines);
  const skipped = text.slice(0, text.length - rest.length);
  const [newline] = /\r\n|\n|\r|$/.exec(rest) ?? [];
  const isAlike = (skipped.match(/\r\n|\n|\r/g) ?? []).every((each) => newline === '' || each === newline);
  return isAlike && (quote === '' || !skipped.includes(quote));
}

/** The one by which most records have as many fields as each other; of those that split the header where any does. */
function findDelimiter(split: (delimiter: string) => readonly TextRecord[]): string {
  const candidates = DELIMITERS.map((delimiter) => {
    const counts = split(delimiter).map(({ fields }) => fields.length);
    const fields = mostFrequent(counts);
    const share = counts.filter((count) => count === fields).length / Math.max(counts.length, 1);
    return { delimiter, fields, share, splitsHeader: (counts[0] ?? 1) > 1 };
  });
  const wanted = candidates.some(({ splitsHeader }) => splitsHeader)
    ? candidates.filter(({ splitsHeader }) => splitsHeader)
    : candidates.filter(({ fields }) => fields > 1);
  const [best] = [...wanted].sort((a, b) => b.share - a.share || b.fields - a.fields);
  return best?.delimiter ?? ',';
}

function mostFrequent(counts: readonly number[]): number {
  const times = new Map<number, number>();
  for (const count of counts) times.set(count, (times.get(count) ?? 0) + 1);
  const [most] = [...times].sort((a, b) => b[1] - a[1] || b[0] - a[0]);
  return most?.[0] ?? 1;
}

/** Titles and comments before a table: they have fewer fields than the rows, and the rows all have as many. */
function preambleOf(records: readonly TextRecord[]): number {
  const fields = mostFrequent(records.map((record) => record.fields.length));
  const start = records.findIndex((record) => record.fields.length === fields);
  const rows = records.slice(start);
  const isTable = fields > 1 && rows.every((record) => record.fields.length === fields);
  return start > 0 && isTable && rows.length > 1 ? (rows[0]?.line ?? 1) - 1 : 0;
}

/** What `read_csv` is asked for beside texts. */
export interface ReadSettings {
  readonly withFile?: boolean;
  /**
   * Types that the reader itself gives to fields, by their places: only where every cell is known to have one.
   * Then empty cells are null in all columns.
   */
  readonly types?: ReadonlyMap<number, string>;
  readonly decimalSeparator?: string | undefined;
}

/**
 * `read_csv(...)` of files of one dialect: every field as it is written, as columns `c0`, `c1` and so on.
 * Rows that cannot be split go to DuckDB's reject tables.
 */
export function readTextsSql(
  paths: readonly string[],
  dialect: CsvDialect,
  { withFile = false, types = new Map(), decimalSeparator }: ReadSettings = {},
): string {
  const columns = dialect.names.map(
    (_, index) => `${quoteName(`c${index}`)}: ${quoteText(types.get(index) ?? 'VARCHAR')}`,
  );
  const settings = [
    'auto_detect = false',
    `delim = ${quoteText(dialect.delimiter)}`,
    `quote = ${quoteText(dialect.quote)}`,
    `escape = ${quoteText(dialect.escape)}`,
    // Left alone, DuckDB drops lines that begin with #, and what follows a # within a line.
    "comment = ''",
    `header = ${dialect.header}`,
    `skip = ${dialect.skip}`,
    `encoding = ${quoteText(dialect.encoding)}`,
    `columns = {${columns.join(', ')}}`,
    // With any text for null, DuckDB takes a row with an empty field too many: not where the records were looked at.
    types.size === 0 ? 'nullstr = CAST([] AS VARCHAR[])' : "nullstr = ''",
    ...(types.size > 0 && decimalSeparator !== undefined
      ? [`decimal_separator = ${quoteText(decimalSeparator)}`]
      : []),
    'store_rejects = true',
    'rejects_limit = 0',
    // Less memory than by DuckDB's 32 MB; at least four of the longest lines, of 2 MB, or of 1 MB where they were looked at.
    `buffer_size = ${types.size === 0 ? 8_388_608 : 4_194_304}`,
    ...(withFile ? ['filename = true'] : []),
  ];
  return `read_csv(${quoteFiles(paths)}, ${settings.join(', ')})`;
}
