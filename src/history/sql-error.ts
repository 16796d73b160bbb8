import { isDiskFull, isOutOfMemory, ServeBatchError, toServeBatchError } from '../core/errors.ts';
import { suggestion } from '../core/text/nearest.ts';
import { quoteName } from '../core/text/sql.ts';

/** What can be named in a query. */
export interface QueryNames {
  readonly views: readonly string[];
  /** Jobs that have published nothing yet, and so have no view. */
  readonly unpublished: readonly string[];
}

/** Makes DuckDB's error about a query one of ours, which says what there is to query. */
export function sqlError(error: unknown, sql: string, names: QueryNames): ServeBatchError {
  if (error instanceof ServeBatchError || isDiskFull(error)) return toServeBatchError(error);
  const message = error instanceof Error ? error.message : String(error);
  if (isOutOfMemory(error))
    return new ServeBatchError(
      'OUT_OF_MEMORY',
      `The query needs more memory than it may use: ${message.split('\n', 1)[0]}. Ask for fewer rows or columns, or aggregate in steps.`,
      { cause: error },
    );
  const reason = message
    .replace(/^Failed to extract statements: /, '')
    .replace(/^(?:[A-Z][A-Za-z]* )*Error: /, '')
    // DuckDB knows only the views that the query names, so it would suggest its own tables.
    .replace(/\nDid you mean "[^\n]*/, '')
    .replace(/\n\n+/g, '\n')
    .trimEnd();
  const known = names.views.map(quotedWhereNeeded).join(', ');
  return new ServeBatchError(
    'USAGE',
    `The query cannot be run: ${reason}\n${hint(message, sql, names)}Views: ${known}.`,
    {
      cause: error,
      fields: { views: names.views },
    },
  );
}

function hint(message: string, sql: string, { views, unpublished }: QueryNames): string {
  const missing = /Table with name (.+?) does not exist/.exec(message)?.[1];
  if (missing !== undefined && unpublished.includes(missing.toLowerCase()))
    return `The job "${missing}" has published nothing yet, so there is nothing to read.\n`;
  const bare = views.find((name) => quotedWhereNeeded(name) !== name && isBareIn(name, sql));
  if (bare !== undefined) return `Write ${quoteName(bare)}, in double quotes.\n`;
  const near = missing === undefined ? '' : suggestion(missing, views);
  return near === '' ? '' : `${near.trim()}\n`;
}

function isBareIn(name: string, sql: string): boolean {
  const place = sql.toLowerCase().indexOf(name);
  return place !== -1 && sql[place - 1] !== '"';
}

/** A name as it has to stand in SQL. */
function quotedWhereNeeded(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : quoteName(name);
}
