import { quoteFile, quoteFiles, quoteName, quoteText } from '../../core/sql.ts';
import type { Column } from '../../core/table.ts';
import type { Database } from '../database.ts';
import { readError } from '../read-error.ts';
import type { CsvOptions } from './input-options.ts';

/** How one CSV file is written, as options for `read_csv` with nothing left to detect. */
export interface CsvDialect {
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
  readonly header: boolean;
  readonly skip: number;
  readonly columns: readonly Column[];
}

const DELIMITERS = [',', ';', '\t', '|'] as const;

/**
 * Looks at the beginning of a CSV file. Throws `INPUT_UNREADABLE`.
 *
 * DuckDB's sniffer, left alone, takes a file with one ragged row for a table of a single column with
 * another delimiter. So it is told to pass over bad rows, and where it still finds one column although
 * the header has delimiters in it, it is told the delimiter.
 */
export async function sniffCsv(database: Database, path: string, options: CsvOptions): Promise<CsvDialect> {
  const delimiter = options.delimiter ?? (path.toLowerCase().includes('.tsv') ? '\t' : undefined);
  const dialect = await sniff(database, path, {
    ...options,
    ...(delimiter === undefined ? {} : { delimiter }),
  });
  const [only] = dialect.columns;
  if (delimiter !== undefined || dialect.columns.length !== 1 || only === undefined) return dialect;
  const likely = DELIMITERS.filter((each) => each !== dialect.delimiter && only.name.includes(each));
  for (const each of likely) {
    const again = await sniff(database, path, { ...options, delimiter: each }).catch(() => undefined);
    if (again !== undefined && again.columns.length > 1) return again;
    // An unterminated quote makes every delimiter look wrong; the header still tells the columns.
    const names = only.name.split(each);
    if (new Set(names).size === names.length)
      return {
        ...dialect,
        delimiter: each,
        header: true,
        columns: names.map((name) => ({ name, type: 'VARCHAR' })),
      };
  }
  return dialect;
}

async function sniff(database: Database, path: string, options: CsvOptions): Promise<CsvDialect> {
  const settings = [
    'ignore_errors = true',
    // Left alone, the sniffer drops lines that begin with #, and what follows a # within a line.
    "comment = ''",
    `quote = ${quoteText(options.quote ?? '"')}`,
    ...(options.delimiter === undefined ? [] : [`delim = ${quoteText(options.delimiter)}`]),
    ...(options.header === undefined ? [] : [`header = ${options.header}`]),
    ...(options.skip === undefined ? [] : [`skip = ${options.skip}`]),
    ...commonSettings(options),
  ];
  try {
    const [found] = await database.rows(
      `SELECT Delimiter, Quote, Escape, HasHeader, SkipRows, Columns FROM sniff_csv(${quoteFile(path)}, ${settings.join(', ')})`,
    );
    const columns = found?.Columns as readonly { name: string; type: string }[];
    return {
      delimiter: String(found?.Delimiter),
      quote: options.quote ?? '"',
      escape: options.escape ?? options.quote ?? '"',
      header: found?.HasHeader === true,
      skip: options.skip ?? Number(found?.SkipRows ?? 0),
      columns: columns.map(({ name, type }) => ({ name, type: options.types?.[name] ?? type })),
    };
  } catch (error) {
    throw readError(error, path);
  }
}

/** `read_csv(...)` of files of one dialect. Rows that cannot be split or cast go to DuckDB's reject tables. */
export function readCsvSql(paths: readonly string[], dialect: CsvDialect, options: CsvOptions): string {
  const columns = dialect.columns
    .map(({ name, type }) => `${quoteName(name)}: ${quoteText(type)}`)
    .join(', ');
  const settings = [
    'auto_detect = false',
    `delim = ${quoteText(dialect.delimiter)}`,
    `quote = ${quoteText(dialect.quote)}`,
    `escape = ${quoteText(dialect.escape)}`,
    `header = ${dialect.header}`,
    `skip = ${dialect.skip}`,
    `columns = {${columns}}`,
    'store_rejects = true',
    'rejects_limit = 0',
    ...commonSettings(options),
  ];
  return `read_csv(${quoteFiles(paths)}, ${settings.join(', ')})`;
}

function commonSettings(options: CsvOptions): string[] {
  return [
    ...(options.nullText === undefined ? [] : [`nullstr = [${options.nullText.map(quoteText).join(', ')}]`]),
    ...(options.encoding === undefined ? [] : [`encoding = ${quoteText(options.encoding)}`]),
    ...(options.dateFormat === undefined ? [] : [`dateformat = ${quoteText(options.dateFormat)}`]),
    ...(options.timestampFormat === undefined
      ? []
      : [`timestampformat = ${quoteText(options.timestampFormat)}`]),
    ...(options.decimalSeparator === undefined
      ? []
      : [`decimal_separator = ${quoteText(options.decimalSeparator)}`]),
  ];
}
