import { rm } from 'node:fs/promises';
import { ServeBatchError } from '../../core/errors.ts';
import type { SourceFile } from '../../core/table.ts';
import { quoteText } from '../../core/text/sql.ts';
import type { Database } from '../duckdb/database.ts';
import type { CsvOptions } from '../formats/input-options.ts';
import {
  countMalformedRows,
  type MalformedRows,
  malformedRowError,
  NO_MALFORMED_ROWS,
} from '../formats/malformed-row.ts';
import { copyToStaged, type StagedSelect } from '../formats/staged-copy.ts';
import { readError } from '../read-error.ts';
import { findPlace } from '../row-place.ts';
import { canOpen } from './csv-bytes.ts';
import { type CsvDialect, findDialect } from './csv-dialect.ts';
import { copyDirectly } from './direct/copy-directly.ts';
import {
  badCellsOf,
  countsOfAll,
  isTextKey,
  type OddCells,
  oddCells,
  writtenColumns,
} from './examine-staged.ts';
import { columnOf, guessColumns } from './guess-columns.ts';
import { type Proof, proveColumns } from './plain/prove-columns.ts';
import { writePlainCopy } from './plain-copy.ts';
import { readOddLines } from './read-odd-lines.ts';
import { dropRejects, hasRejects } from './rejects.ts';
import { findPlaces, LINES_TABLE, PLACES_TABLE, rowCounts, type StagedFile } from './row-places.ts';
import { assertNoRunawayQuote } from './runaway-quote.ts';
import { type ColumnNeeds, isTyped, type StagedColumn } from './staged-columns.ts';
import { type CsvGroup, stagingSelect } from './staging-select.ts';

export interface CsvRequest {
  readonly sources: readonly SourceFile[];
  readonly options: CsvOptions;
  readonly needs: ColumnNeeds;
  /** The typed Parquet file that is made. */
  readonly target: string;
  /** Ends the copying; what is made then is of no use. */
  readonly signal: AbortSignal;
}

/** Types are right after the second reading: this only keeps a fault of ours from going on for ever. */
const MOST_READINGS = 4;

/**
 * Copies CSV files into one typed Parquet file, rows in order. Types are guessed from the first rows and
 * checked on all of them: where the check finds another type, the files are read again (docs/inputs.md).
 */
export async function stageCsv(database: Database, request: CsvRequest): Promise<StagedSelect> {
  const staged = await stageFiles(database, request);
  await assertNoRunawayQuote(database, staged.malformed.sql);
  return staged;
}

async function stageFiles(database: Database, request: CsvRequest): Promise<StagedSelect> {
  const { sources, options } = request;
  const groups = await groupFiles(database, sources, options);
  if (groups.some(({ dialect }) => dialect.encoding === 'utf-16be' || !dialect.isSkipPlain))
    return stageCopies(database, request, groups);
  try {
    const staged = await stageGroups(database, request, groups, new Map());
    if (!(sources.every(({ path }) => canOpen(path)) && (await hasQuotesAtNewlines(database)))) return staged;
  } catch (error) {
    if (!isBeyondDuckdb(error)) throw error;
  }
  return stageCopies(database, request, groups);
}

/** Files that DuckDB does not read as they are are copied first. */
async function stageCopies(
  database: Database,
  request: CsvRequest,
  groups: readonly CsvGroup[],
): Promise<StagedSelect> {
  const copies = await copyPlainly(groups, request.target);
  try {
    return await stageGroups(database, request, copies.groups, copies.originals);
  } finally {
    for (const path of copies.originals.keys()) await rm(path, { force: true });
  }
}

/** `originals`: by the path of a copy, the file that it was made of. */
async function stageGroups(
  database: Database,
  request: CsvRequest,
  groups: readonly CsvGroup[],
  originals: ReadonlyMap<string, string>,
): Promise<StagedSelect> {
  const { sources, options, needs, target } = request;
  const files = filesOf(groups, originals);
  await dropRejects(database);
  let columns = await guessColumns(database, groups, options, needs).catch((error) => {
    throw readError(error, namesOf(sources));
  });
  for (let reading = 1; ; reading++) {
    const copy = await copyRows(database, request, groups, columns);
    const odd = await oddCells(database, target, copy.columns);
    const changed = await countsOfAll(database, target, copy.columns, odd, request);
    if (changed.size === 0 || reading >= MOST_READINGS) {
      const found = copy.isProved
        ? NO_MALFORMED_ROWS
        : await countMalformedRows(database, malformedSql(originals));
      const rows = copy.rows ?? (await rowCounts(database, target, files));
      await findPlaces(database, files, { rows, proved: copy.isProved, malformedSql: found.sql });
      const malformed = found.sql === null ? found : await countMalformedRows(database, withLines(found.sql));
      assertNoPreamble(groups, malformed);
      return stagedSelect(database, copy.columns, odd, malformed, options);
    }
    columns = columns.map((column, index) => {
      const counts = changed.get(column.name);
      return counts === undefined ? column : columnOf(column.name, index, counts, { needs, options });
    });
  }
}

/** What is in the copy. */
interface CopiedRows {
  /** Those marked whose cells are known to be plain. */
  readonly columns: readonly StagedColumn[];
  /** Whether files are known to have a record a line, all of which were copied. */
  readonly isProved: boolean;
  /** Of each file; null: nobody has counted them. */
  readonly rows: readonly number[] | null;
}

/** Without DuckDB where nearly all is plain; by its reader what is; with care what is not. */
async function copyRows(
  database: Database,
  request: CsvRequest,
  groups: readonly CsvGroup[],
  columns: readonly StagedColumn[],
): Promise<CopiedRows> {
  const { sources, options, target, signal } = request;
  const threads = await database.threads();
  const copy = await copyDirectly({
    ...{ groups, columns, options, target, threads, signal },
    readOddLines: (lines) => readOddLines(database, { columns, options, target }, lines),
  }).catch((error) => {
    throw signal.aborted ? error : readError(error, namesOf(sources));
  });
  if (copy !== null)
    return { columns: copy.isPlain ? columns.map(asProved) : columns, isProved: true, rows: copy.rows };
  const proof = await proveColumns(groups, columns, options);
  if (proof !== null) {
    await copyByDatabase(database, request, groups, proof.columns);
    const counts = await provedCounts(database, request, groups, proof);
    if (counts !== null) return { columns: proof.columns, isProved: true, rows: counts };
  }
  await copyByDatabase(database, request, groups, columns);
  return { columns, isProved: false, rows: null };
}

function asProved(column: StagedColumn): StagedColumn {
  return isTyped(column) ? { ...column, check: 'proved' } : column;
}

/** The rows of each file, if DuckDB found what was proved, and nothing that it cannot read; null: it did not. */
async function provedCounts(
  database: Database,
  { target }: CsvRequest,
  groups: readonly CsvGroup[],
  { records }: Proof,
): Promise<readonly number[] | null> {
  const files = filesOf(groups, new Map());
  const rows = await rowCounts(database, target, files);
  const isRight = files.every(({ readPath }, index) => records.get(readPath) === rows[index]);
  return isRight && !(await hasRejects(database)) ? rows : null;
}

async function stagedSelect(
  database: Database,
  columns: readonly StagedColumn[],
  odd: readonly OddCells[],
  malformed: MalformedRows,
  options: CsvOptions,
): Promise<StagedSelect> {
  const written = writtenColumns(columns, odd, options);
  return {
    columns: columns.map((column) => ({
      name: column.name,
      type: isTextKey(column, written) ? 'VARCHAR' : column.type,
    })),
    malformed,
    written,
    badCells: await badCellsOf(odd, written, (row) => findPlace(database, PLACES_TABLE, row)),
    placesSql: `SELECT * FROM ${PLACES_TABLE} ORDER BY first_row`,
  };
}

/** What DuckDB says of a file in which some lines end in CRLF and others in LF, and of characters of four bytes in UTF-16. */
function isBeyondDuckdb(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    /state machine reached an invalid state|is not utf-16 encoded/.test(error.message) ||
    isBeyondDuckdb(error.cause)
  );
}

/**
 * Whether quotes made a row malformed that has a newline in it. Where line endings are mixed, DuckDB takes one that is
 * not the file's for a character behind the closing quote, and the next row for the rest of this one.
 */
async function hasQuotesAtNewlines(database: Database): Promise<boolean> {
  const [found] = await database.rows(
    `SELECT count(*) AS n FROM reject_errors
     WHERE error_type = 'UNQUOTED VALUE' AND regexp_matches(ltrim(csv_line, chr(10) || chr(13)), '[\\r\\n]')`,
  );
  return Number(found?.n) > 0;
}

async function copyPlainly(
  groups: readonly CsvGroup[],
  target: string,
): Promise<{ readonly groups: readonly CsvGroup[]; readonly originals: ReadonlyMap<string, string> }> {
  const originals = new Map<string, string>();
  const copies: CsvGroup[] = [];
  for (const { paths, dialect } of groups) {
    const copied: string[] = [];
    for (const path of paths) {
      const copy = `${target}.${originals.size}.csv`;
      originals.set(copy, path);
      if (!(await writePlainCopy(path, copy, dialect))) throw mixedNewlines(path);
      copied.push(copy);
    }
    const encoding = dialect.encoding.startsWith('utf-16') ? 'utf-8' : dialect.encoding;
    copies.push({ dialect: { ...dialect, encoding, isSkipPlain: true }, paths: copied });
  }
  return { groups: copies, originals };
}

function mixedNewlines(path: string): ServeBatchError {
  return new ServeBatchError(
    'INPUT_UNREADABLE',
    `${path} has mixed line endings: some lines end in CRLF and others in LF. That is read of plain and gzip files. Give all lines the same ending (dos2unix).`,
    { fields: { file: path } },
  );
}

function filesOf(groups: readonly CsvGroup[], originals: ReadonlyMap<string, string>): readonly StagedFile[] {
  return groups.flatMap(({ dialect, paths }) =>
    paths.map((readPath) => ({ dialect, readPath, path: originals.get(readPath) ?? readPath })),
  );
}

function namesOf(sources: readonly SourceFile[]): string {
  return sources.map(({ path }) => path).join(', ');
}

async function groupFiles(
  database: Database,
  sources: readonly SourceFile[],
  options: CsvOptions,
): Promise<readonly CsvGroup[]> {
  const groups: { readonly dialect: CsvDialect; readonly paths: string[] }[] = [];
  for (const { path } of sources) {
    const dialect = await findDialect(database, path, options);
    const last = groups.at(-1);
    if (last !== undefined && JSON.stringify(last.dialect) === JSON.stringify(dialect)) last.paths.push(path);
    else groups.push({ dialect, paths: [path] });
  }
  return groups;
}

async function copyByDatabase(
  database: Database,
  { sources, options, target }: CsvRequest,
  groups: readonly CsvGroup[],
  columns: readonly StagedColumn[],
): Promise<void> {
  await dropRejects(database);
  const selects = groups.map((group) => stagingSelect(group, columns, options, sources.length > 1));
  try {
    await copyToStaged(database, selects.join(' UNION ALL BY NAME '), target);
  } catch (error) {
    throw readError(error, namesOf(sources));
  }
}

/** Where titles or comments stand before the header, nearly every row looks malformed: say so instead. */
function assertNoPreamble(groups: readonly CsvGroup[], { first, count }: MalformedRows): void {
  const group = groups.find(
    ({ dialect, paths }) => dialect.preamble > 0 && paths.includes(first?.file ?? ''),
  );
  if (first === null || group === undefined) return;
  const { preamble, header } = group.dialect;
  const lines = preamble === 1 ? 'The first line has' : `The first ${preamble} lines have`;
  const commas =
    preamble === 1 && header
      ? ' Where it is the header, it lacks names, or numbers have decimal commas without quotes around them: write them with points, or with another delimiter.'
      : '';
  const titles = preamble === 1 ? 'it is a title' : 'they are titles or comments before the header';
  throw malformedRowError(
    first,
    count,
    `${lines} fewer fields than those after ${preamble === 1 ? 'it' : 'them'}: where ${titles}, set input.csv.skip: ${preamble}.${commas}`,
  );
}

/**
 * A row with several errors is one malformed row: the first error is its reason. Of the errors for each
 * field too many, the last one has the number of fields.
 */
function malformedSql(originals: ReadonlyMap<string, string>): string {
  const names = [...originals].map(([copy, path]) => `WHEN ${quoteText(copy)} THEN ${quoteText(path)}`);
  const file = names.length === 0 ? 'file_path' : `CASE file_path ${names.join(' ')} ELSE file_path END`;
  return `
  SELECT ${file} AS file, line, min(line_byte_position) - 1 AS byte_offset, trim(min_by(csv_line, column_idx), chr(10) || chr(13)) AS text, min_by(CASE
      WHEN error_type IN ('TOO MANY COLUMNS', 'MISSING COLUMNS') THEN regexp_replace(
        error_message, 'Expected Number of Columns: (\\d+) Found: (\\d+)', 'has \\2 fields; expected \\1')
      WHEN error_type = 'UNQUOTED VALUE' THEN if(length(csv_line) - length(replace(csv_line, '"', '')) & 1 = 1,
        'has a quote that is never closed', 'has a quote inside a field')
      WHEN error_type = 'INVALID ENCODING' THEN 'has bytes that are not UTF-8'
      ELSE error_message END, if(error_type = 'TOO MANY COLUMNS', -column_idx, column_idx)) AS reason
  FROM reject_errors JOIN (SELECT DISTINCT scan_id, file_id, file_path FROM reject_scans) USING (scan_id, file_id)
  GROUP BY file_path, line`;
}

/** Malformed rows with the lines that they stand on. */
function withLines(malformed: string): string {
  return `SELECT m.file, coalesce(l.line, m.line) AS line, m.reason, m.text
    FROM (${malformed}) m LEFT JOIN ${LINES_TABLE} l ON l.file = m.file AND l.found = m.line`;
}
