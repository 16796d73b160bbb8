import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { ServeBatchError } from '../../core/errors.ts';
import { commitFile, makeFolder, temporaryName } from '../../core/files/durable-file.ts';
import { publicPath } from '../../core/files/mirror.ts';
import type { Column, ResolvedInput } from '../../core/table.ts';
import { quoteFile, quoteName, quoteText } from '../../core/text/sql.ts';
import type { Database } from '../duckdb/database.ts';
import { inputName } from '../locate-row.ts';
import { type Identity, identityOf, identitySchema, idSql } from './row-identity.ts';

/**
 * `taken.parquet` of a run: the rows of the input within its lateness, each of which was taken by now, or counted
 * as late. Rows are known by a digest and the value of the column, and `n` is how many there were of one kind.
 */
export interface KnownRows {
  readonly path: string;
  readonly identity: Identity;
}

/** Throws `INPUT_UNREADABLE` where the file is missing or damaged: nobody could say what was taken. */
export async function readKnownRows(database: Database, path: string): Promise<KnownRows> {
  try {
    if (!existsSync(path)) throw new Error('it is missing');
    const [found] = await database.rows(
      `SELECT decode(value) AS identity FROM parquet_kv_metadata(${quoteFile(path)}) WHERE decode(key) = 'identity'`,
    );
    return { path, identity: identitySchema.parse(JSON.parse(String(found?.identity))) };
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new ServeBatchError(
      'INPUT_UNREADABLE',
      `${publicPath(path)} cannot be read (${why}); it says which rows within input.incremental.lateness were taken. Restore it, or take all rows anew with --full.`,
      { fields: { file: publicPath(path) } },
    );
  }
}

/** A table of the known rows: `id`, `held`, `n`. */
export function knownRowsSql(known: KnownRows): string {
  return `read_parquet(${quoteFile(known.path)})`;
}

export interface WriteKnownRequest {
  readonly whole: ResolvedInput;
  readonly column: Column;
  readonly key: readonly string[] | null;
  /** A SELECT of the input's rows. */
  readonly rows: string;
  /** The condition of rows that the next run looks at again. */
  readonly within: string;
  /** The condition on `held` of known rows that stay known. */
  readonly stays: string;
  /** What the run before knew; null: nothing. A row that it took, and that was deleted since, may come again. */
  readonly before: KnownRows | null;
  readonly path: string;
}

/** Writes what is known once the run is committed, which is written before its plan. Answers how many rows of the input are within. */
export async function writeKnownRows(database: Database, request: WriteKnownRequest): Promise<number> {
  const { whole, column, rows, within, before, path } = request;
  await makeFolder(dirname(path));
  const identity = before?.identity ?? identityOf(whole.columns, column, request.key, inputName(whole));
  const id = idSql(identity, whole.columns, inputName(whole));
  const temporary = temporaryName(path);
  await database.run(
    `CREATE OR REPLACE TEMP TABLE known_now AS
     SELECT ${id} AS id, ${quoteName(column.name)} AS held, count(*) AS n FROM (${rows}) WHERE ${within} GROUP BY ALL`,
  );
  const all =
    before === null
      ? 'FROM known_now'
      : `SELECT id, held, max(n) AS n FROM (
           FROM known_now UNION ALL (SELECT id, held, n FROM ${knownRowsSql(before)} WHERE ${request.stays})
         ) GROUP BY ALL`;
  await database.run(
    `COPY (${all}) TO ${quoteText(temporary)}
     (FORMAT parquet, COMPRESSION zstd, KV_METADATA {identity: ${quoteText(JSON.stringify(identity))}})`,
  );
  await commitFile(temporary, path);
  const [counted] = await database.rows('SELECT coalesce(sum(n), 0)::BIGINT AS n FROM known_now');
  await database.run('DROP TABLE known_now');
  return Number(counted?.n);
}
