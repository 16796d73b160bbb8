import type { Lateness, LateWindow } from '../../core/incremental.ts';
import type { Column, InputFingerprint, ResolvedInput } from '../../core/table.ts';
import { quoteName } from '../../core/text/sql.ts';
import type { Database } from '../duckdb/database.ts';
import { assertUnchanged } from '../files/fingerprint.ts';
import { INPUT_ROW } from '../input-row.ts';
import { inputName } from '../locate-row.ts';
import { rowsSql } from '../shard-relation.ts';
import { knownRowsSql, readKnownRows, writeKnownRows } from './known-rows.ts';
import { lateFrom } from './late-window.ts';
import { assertSameIdentity, idSql } from './row-identity.ts';
import { compareSql, finiteSql, type WatermarkValue } from './watermark-type.ts';

/** Rows that come late, and are to be taken all the same. */
export interface LateRequest {
  readonly lateness: Lateness;
  /** Columns that make a row known again; null: all. */
  readonly key: readonly string[] | null;
  /** What the run before looked at last; null: it did not say which rows it took. */
  readonly before: { readonly path: string; readonly from: WatermarkValue | null } | null;
}

export interface LateFound {
  /** Rows of the input that were looked at again. */
  readonly within: number;
  /** Those that no run has taken. */
  readonly taken: number;
  /** Those that are older than one of the same key that was taken, or will be now: they are not taken. */
  readonly overtaken: number;
}

/** What is left of {@link LateFound} once it is known what lies below. */
export type PassedLate = LateFound & {
  /** Rows of the input that are too old to be looked at again. */
  readonly below: number;
};

export interface LookRequest {
  readonly whole: ResolvedInput;
  readonly column: Column;
  readonly above: WatermarkValue | null;
  readonly late: LateRequest | null;
}

/**
 * Looks at the rows within the lateness again, and leaves those that no run has taken in the temporary table
 * `late_rows`. Null: there is nothing to look at.
 */
export async function findLateRows(database: Database, request: LookRequest): Promise<LateFound | null> {
  const { whole, column, above, late } = request;
  if (above === null || late === null || late.before === null) return null;
  const known = await readKnownRows(database, late.before.path);
  assertSameIdentity(known.identity, late.key, column);
  const id = idSql(known.identity, whole.columns, inputName(whole));
  const { isKey } = known.identity;
  const rows = await rowsSql(database, whole, wholeRange(whole), { numbered: true });
  const passed = compareSql(column.name, '<=', above);
  await database.run(
    `CREATE OR REPLACE TEMP TABLE looked_at AS
     SELECT ${INPUT_ROW}, ${id} AS id, ${quoteName(column.name)} AS held, ${passed} AS passed
     FROM (${rows}) WHERE ${fromSql(column, late.before.from)}${isKey ? '' : ` AND ${passed}`}`,
  );
  const newest = `(SELECT id, max(held) AS held FROM (SELECT id, held FROM looked_at UNION ALL SELECT id, held FROM ${knownRowsSql(known)}) GROUP BY id)`;
  await database.run(
    `CREATE OR REPLACE TEMP TABLE late_rows AS
     SELECT l.${INPUT_ROW}, ${isKey ? 'newest.held > l.held' : 'false'} AS overtaken
     FROM (SELECT *, row_number() OVER (PARTITION BY id, held ORDER BY ${INPUT_ROW}) AS nth FROM looked_at WHERE passed) l
     LEFT JOIN ${knownRowsSql(known)} k ON k.id = l.id AND k.held = l.held
     ${isKey ? `JOIN ${newest} newest ON newest.id = l.id` : ''}
     WHERE l.nth > coalesce(k.n, 0)`,
  );
  const [found] = await database.rows(
    `SELECT count(*) FILTER (NOT overtaken) AS taken, count(*) FILTER (overtaken) AS overtaken,
       (SELECT count(*) FROM looked_at WHERE passed) AS within FROM late_rows`,
  );
  await database.run('DROP TABLE looked_at');
  return {
    within: Number(found?.within),
    taken: Number(found?.taken),
    overtaken: Number(found?.overtaken),
  };
}

/** A SELECT of the rows that {@link findLateRows} has found, as they stand in the input. */
export async function lateRowsSql(
  database: Database,
  { whole, column, above, late }: LookRequest,
): Promise<string> {
  const rows = await rowsSql(database, whole, wholeRange(whole), { hidden: true, numbered: true });
  // Row groups are skipped by the first two conditions.
  const within = [
    fromSql(column, late?.before?.from ?? null),
    ...(above === null ? [] : [compareSql(column.name, '<=', above)]),
  ];
  return `SELECT * EXCLUDE (${INPUT_ROW}) FROM (${rows})
    WHERE ${within.join(' AND ')} AND ${INPUT_ROW} IN (SELECT ${INPUT_ROW} FROM late_rows WHERE NOT overtaken)
    ORDER BY ${INPUT_ROW}`;
}

export interface RememberRequest extends LookRequest {
  readonly source: InputFingerprint;
  /** The greatest value that was taken. */
  readonly last: WatermarkValue;
  readonly rowsUpTo: number;
  readonly takenPath: string;
}

/** Writes which rows within the lateness are taken or counted by now. Null: the job takes no late ones. */
export async function rememberRows(
  database: Database,
  { whole, column, late, source, last, rowsUpTo, takenPath }: RememberRequest,
): Promise<LateWindow | null> {
  if (late === null) return null;
  const from = await lateFrom(database, last, late.lateness);
  const before = late.before === null ? null : await readKnownRows(database, late.before.path);
  const within = await writeKnownRows(database, {
    ...{ whole, column, key: late.key, before, path: takenPath },
    rows: await rowsSql(database, whole, wholeRange(whole)),
    within: `${fromSql(column, from)} AND ${compareSql(column.name, '<=', last)}`,
    stays: from === null ? 'true' : compareSql('held', '>=', from),
  });
  await assertUnchanged(source.sources);
  return { from, rowsBelow: rowsUpTo - within };
}

function fromSql({ name, type }: Column, from: WatermarkValue | null): string {
  const finite = finiteSql(name, type);
  return from === null ? finite : `${compareSql(name, '>=', from)} AND ${finite}`;
}

function wholeRange({ rows }: ResolvedInput): { readonly rowStart: number; readonly rowEnd: number } {
  return { rowStart: 0, rowEnd: rows };
}
