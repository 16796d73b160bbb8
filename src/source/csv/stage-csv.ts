import type { SourceFile } from '../../core/table.ts';
import type { Database } from '../database.ts';
import type { CsvOptions } from '../formats/input-options.ts';
import { countMalformedRows, type MalformedRows, malformedRowError } from '../formats/malformed-row.ts';
import { copyToStaged, type StagedSelect } from '../formats/staged-copy.ts';
import { readError } from '../read-error.ts';
import { type CsvDialect, findDialect } from './csv-dialect.ts';
import { badCellsOf, countsOfAll, isTextKey, oddCells, writtenColumns } from './examine-staged.ts';
import { columnOf, guessColumns } from './guess-columns.ts';
import type { ColumnNeeds, StagedColumn } from './staged-columns.ts';
import { type CsvGroup, stagingSelect } from './staging-select.ts';

export interface CsvRequest {
  readonly sources: readonly SourceFile[];
  readonly options: CsvOptions;
  readonly needs: ColumnNeeds;
  /** The typed Parquet file that is made. */
  readonly target: string;
}

/** Types are right after the second reading: this only keeps a fault of ours from going on for ever. */
const MOST_READINGS = 4;

/**
 * Copies CSV files into one typed Parquet file, rows in order. Types are guessed from the first rows and
 * checked on all of them: where the check finds another type, the files are read again (docs/inputs.md).
 */
export async function stageCsv(database: Database, request: CsvRequest): Promise<StagedSelect> {
  const { sources, options, needs, target } = request;
  const groups = await groupFiles(database, sources, options);
  let columns = await guessColumns(database, groups, options, needs);
  for (let reading = 1; ; reading++) {
    await copyRows(database, request, groups, columns);
    const odd = await oddCells(database, target, columns);
    const changed = await countsOfAll(database, target, columns, odd, options);
    if (changed.size === 0 || reading === MOST_READINGS) {
      const malformed = await countMalformedRows(database, MALFORMED_SQL);
      assertNoPreamble(groups, malformed);
      const written = writtenColumns(columns, odd, options);
      const file = sources[0]?.path ?? '';
      return {
        columns: columns.map((column) => ({
          name: column.name,
          type: isTextKey(column, written) ? 'VARCHAR' : column.type,
        })),
        malformed,
        written,
        badCells: badCellsOf(odd, written, () => ({ file, line: null })),
      };
    }
    columns = columns.map((column, index) => {
      const counts = changed.get(column.name);
      return counts === undefined ? column : columnOf(column.name, index, counts, { needs, options });
    });
  }
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

async function copyRows(
  database: Database,
  { sources, options, target }: CsvRequest,
  groups: readonly CsvGroup[],
  columns: readonly StagedColumn[],
): Promise<void> {
  await database.run('DROP TABLE IF EXISTS reject_errors');
  await database.run('DROP TABLE IF EXISTS reject_scans');
  const selects = groups.map((group) => stagingSelect(group, columns, options, sources.length > 1));
  try {
    await copyToStaged(database, selects.join(' UNION ALL BY NAME '), target);
  } catch (error) {
    throw readError(error, sources.map(({ path }) => path).join(', '));
  }
}

/** Where titles or comments stand before the header, nearly every row looks malformed: say so instead. */
function assertNoPreamble(groups: readonly CsvGroup[], { first, count }: MalformedRows): void {
  const group = groups.find(
    ({ dialect, paths }) => dialect.preamble > 0 && paths.includes(first?.file ?? ''),
  );
  if (first === null || group === undefined) return;
  throw malformedRowError(
    first,
    count,
    `The first ${group.dialect.preamble} lines of the file have fewer fields than those after them: where they are titles or comments before the header, set input.csv.skip: ${group.dialect.preamble}.`,
  );
}

/**
 * A row with several errors is one malformed row: the first error is its reason. Of the errors for each
 * field too many, the last one has the number of fields.
 */
const MALFORMED_SQL = `
  SELECT file_path AS file, line, trim(min_by(csv_line, column_idx), chr(10) || chr(13)) AS text, min_by(CASE
      WHEN error_type IN ('TOO MANY COLUMNS', 'MISSING COLUMNS') THEN regexp_replace(
        error_message, 'Expected Number of Columns: (\\d+) Found: (\\d+)', 'has \\2 fields; expected \\1')
      WHEN error_type = 'UNQUOTED VALUE' THEN if(length(csv_line) - length(replace(csv_line, '"', '')) & 1 = 1,
        'has a quote that is never closed', 'has a quote inside a field')
      WHEN error_type = 'INVALID ENCODING' THEN 'has bytes that are not UTF-8 (input.csv.encoding takes latin-1 and utf-16 too)'
      ELSE error_message END, if(error_type = 'TOO MANY COLUMNS', -column_idx, column_idx)) AS reason
  FROM reject_errors JOIN (SELECT DISTINCT scan_id, file_id, file_path FROM reject_scans) USING (scan_id, file_id)
  GROUP BY file_path, line`;
