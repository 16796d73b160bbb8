import { ServeBatchError } from '../../core/errors.ts';
import type { Database } from '../duckdb/database.ts';

/** A malformed row may reach over so many lines: a text with newlines that has a quote in it. */
const MOST_LINES = 10;
/** DuckDB keeps so many characters of a malformed row. */
const KEPT_CHARACTERS = 10_000;

/**
 * Throws `INPUT_MALFORMED_ROW` where a quote made one malformed row of many lines. Each of them is most likely a row of
 * its own, so that setting the row aside would lose them all and count one. `malformed`: a SELECT of the malformed rows
 * (file, line, reason, text); null: there are none.
 */
export async function assertNoRunawayQuote(database: Database, malformed: string | null): Promise<void> {
  if (malformed === null) return;
  const [row] = await database.rows(
    `SELECT file, line, newlines FROM (SELECT *, length(regexp_extract_all(text, '\\r\\n|[\\r\\n]')) AS newlines FROM (${malformed}) WHERE reason LIKE 'has a quote %')
     WHERE newlines >= ${MOST_LINES} OR (newlines > 0 AND length(text) >= ${KEPT_CHARACTERS - 2}) ORDER BY file, line LIMIT 1`,
  );
  if (row === undefined) return;
  const fields = { file: String(row.file), line: Number(row.line) };
  throw new ServeBatchError(
    'INPUT_MALFORMED_ROW',
    `${fields.file}:${fields.line} has a quote that turns this line and at least ${row.newlines} more into one row, which cannot be split into its columns. Setting it aside would lose them all. Close or remove the quote; where quotes mean nothing in this file, set input.csv.quote to a character that it does not have.`,
    { fields },
  );
}
