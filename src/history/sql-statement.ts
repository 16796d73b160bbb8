import { type DuckDBConnection, type DuckDBPreparedStatement, StatementType } from '@duckdb/node-api';
import { ServeBatchError } from '../core/errors.ts';

/** A SELECT that was checked, as it can stand in brackets: without semicolon. */
export interface CheckedSelect {
  readonly sql: string;
  readonly columns: number;
}

const EXPECTED =
  'expected one SELECT (or WITH, FROM, DESCRIBE, SUMMARIZE or SHOW). Write for example "SELECT * FROM runs".';

const NOTHING_BUT_COMMENTS = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*$/;

/**
 * Checks that a text is one statement that only reads. Throws `USAGE` where it is not; errors in the SQL
 * come as DuckDB throws them.
 */
export async function checkSelect(connection: DuckDBConnection, text: string): Promise<CheckedSelect> {
  if (NOTHING_BUT_COMMENTS.test(text)) throw usage('The query is empty');
  const { count } = await connection.extractStatements(text);
  if (count !== 1) throw usage(`The query is ${count} statements`);
  const statement = await prepareOnly(connection, text);
  try {
    if (statement.statementType !== StatementType.SELECT)
      throw usage(
        `The query is not a SELECT (${StatementType[statement.statementType] ?? 'something else'})`,
      );
    if (statement.parameterCount > 0) throw usage('The query has parameters ($1 or ?), which have no values');
    return { sql: await withoutEnd(connection, text), columns: statement.columnCount };
  } finally {
    statement.destroySync();
  }
}

async function prepareOnly(connection: DuckDBConnection, text: string): Promise<DuckDBPreparedStatement> {
  const statements = await connection.extractStatements(text);
  return statements.prepare(0);
}

/** The text without its last semicolon and what follows that. A semicolon in a text or comment stays. */
async function withoutEnd(connection: DuckDBConnection, text: string): Promise<string> {
  const end = text.lastIndexOf(';');
  if (end === -1 || !NOTHING_BUT_COMMENTS.test(text.slice(end + 1))) return text;
  const cut = text.slice(0, end);
  // Cut within a text that looks like a comment, the rest is no SQL any more.
  const isWhole = await connection.extractStatements(cut).then(
    ({ count }) => count === 1,
    () => false,
  );
  return isWhole ? withoutEnd(connection, cut) : text;
}

function usage(problem: string): ServeBatchError {
  return new ServeBatchError('USAGE', `${problem}; ${EXPECTED}`);
}
