import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ServeBatchError } from '../../core/errors.ts';
import { commitFile, makeFolder, temporaryName } from '../../core/files/durable-file.ts';
import type { LateWindow } from '../../core/incremental.ts';
import type { Column, ResolvedInput } from '../../core/table.ts';
import { suggestion } from '../../core/text/nearest.ts';
import { quoteFile, quoteName } from '../../core/text/sql.ts';
import type { Database } from '../duckdb/database.ts';
import { assertUnchanged } from '../files/fingerprint.ts';
import { readCounts } from '../formats/parquet-input.ts';
import { copyToStaged } from '../formats/staged-copy.ts';
import { inputName } from '../locate-row.ts';
import { type InputRequest, resolveInput } from '../resolve-input.ts';
import { rowsSql } from '../shard-relation.ts';
import {
  findLateRows,
  type LateFound,
  type LateRequest,
  type LookRequest,
  lateRowsSql,
  type PassedLate,
  rememberRows,
} from './late-rows.ts';
import { assertLatenessFits } from './late-window.ts';
import { countUnordered, unorderedRowError, writeUnordered } from './unordered-rows.ts';
import { assertWatermarkType, compareSql, finiteSql, type WatermarkValue } from './watermark-type.ts';

export interface TakeRowsRequest extends InputRequest {
  /** The column that tells new rows from old ones. */
  readonly column: string;
  /** Rows above it are taken; null: all. */
  readonly above: WatermarkValue | null;
  /** Null: rows that come late are counted, and not taken. */
  readonly late: LateRequest | null;
  /** Where rows are written that are set aside since they cannot be told old from new. */
  readonly unorderedPath: string;
  /** Where it is written which rows within the lateness are taken by now. */
  readonly takenPath: string;
}

/** The rows that were taken, as a table of their own, and where they end. */
export interface TakenRows {
  readonly input: ResolvedInput;
  readonly column: Column;
  readonly to: string;
  readonly rowsAtTo: number;
  /** Rows of the whole input up to `to`, whoever took them. */
  readonly rowsUpTo: number;
  /** Null: the next run takes what is above `to` and nothing else. */
  readonly lateWindow: LateWindow | null;
}

/** Rows of the whole input that a watermark has passed: more of them than there were are rows that came late. */
export interface PassedRows {
  /** Those that hold exactly the watermark. */
  readonly at: number;
  /** Those at the watermark or below it. */
  readonly upTo: number;
  /** Null: none were looked at again. */
  readonly late: PassedLate | null;
}

export interface TakeOutcome {
  /** Null: nothing is new. */
  readonly taken: TakenRows | null;
  /** Null: there was no watermark, or the input has no rows. */
  readonly passed: PassedRows | null;
}

/**
 * Copies the rows whose column is above the watermark into typed Parquet, in the order of the input: what
 * comes later does not change it. Late rows come before them, so that a newer one of the same key wins. Of Parquet
 * only the row groups that may hold some are read; other formats are read whole.
 *
 * Throws what `resolveInput` throws, `SCHEMA_MISMATCH` for a column that is missing or of another kind than
 * the watermark, and `INVALID_ROW` for a row that cannot be told old from new, unless such rows are set aside.
 */
export async function takeRows(database: Database, request: TakeRowsRequest): Promise<TakeOutcome> {
  const folder = dirname(request.stagedPath);
  await makeFolder(folder);
  const wholePath = join(folder, 'whole.parquet');
  try {
    const whole = await wholeInput(database, { ...request, stagedPath: wholePath });
    return whole === null ? { taken: null, passed: null } : await takeFrom(database, request, whole);
  } finally {
    await rm(wholePath, { force: true });
    await rm(`${wholePath}.places`, { force: true });
  }
}

/** Null for a table without rows: nothing new, where others have nothing to score. */
async function wholeInput(database: Database, request: InputRequest): Promise<ResolvedInput | null> {
  try {
    return await resolveInput(database, request);
  } catch (error) {
    if (error instanceof ServeBatchError && error.code === 'INPUT_EMPTY' && error.fields.rejects === 0)
      return null;
    throw error;
  }
}

async function takeFrom(
  database: Database,
  request: TakeRowsRequest,
  whole: ResolvedInput,
): Promise<TakeOutcome> {
  const { above } = request;
  const column = findColumn(whole, request.column);
  assertWatermarkType(column, inputName(whole), above);
  if (request.late !== null) assertLatenessFits(column, inputName(whole), request.late.lateness);
  const isNew =
    above === null ? `${quoteName(column.name)} IS NOT NULL` : compareSql(column.name, '>', above);
  const unordered = { whole, column, isNew };
  const rejects = await countUnordered(database, unordered);
  if (rejects > 0 && !request.setAside) throw await unorderedRowError(database, unordered, rejects);

  const look = { whole, column, above, late: request.late };
  const late = await findLateRows(database, look);
  const all = await rowsSql(database, whole, { rowStart: 0, rowEnd: whole.rows }, { hidden: true });
  const fresh = `SELECT * FROM (${all}) WHERE ${isNew} AND ${finiteSql(column.name, column.type)}`;
  const isLate = late !== null && late.taken > 0;
  const select = isLate ? `(${await lateRowsSql(database, look)}) UNION ALL ${fresh}` : fresh;
  const copied = await copyRows(database, select, request);
  const newRows = (copied?.rows ?? 0) - (late?.taken ?? 0);
  // Not counted, but subtracted: of Parquet, no row group has to be read for it.
  const passed = await passedRows(database, { ...look, upTo: whole.rows - newRows - rejects, found: late });
  if (copied === null) return { taken: null, passed };
  if (rejects > 0) await writeUnordered(database, unordered, request.unorderedPath);
  const end =
    newRows > 0 || above === null
      ? { ...(await greatest(database, request.stagedPath, column.name)), type: column.type }
      : { to: above.value, rowsAtTo: passed?.at ?? 0, type: above.type };
  const last = { value: end.to, type: end.type };
  // The first run rejects minus infinity, which the next one finds below the watermark: it is counted in both.
  const rowsUpTo =
    rejects === 0 ? whole.rows : await countRows(database, whole, compareSql(column.name, '<=', last));
  const taken = {
    input: copyOf({ ...look, copied, rejects, found: late }),
    column: { ...column, type: end.type },
    to: end.to,
    rowsAtTo: end.rowsAtTo,
    rowsUpTo,
    lateWindow: await rememberRows(database, { ...request, whole, column, last, rowsUpTo }),
  };
  return { taken, passed };
}

/** Null: there was no watermark. */
async function passedRows(
  database: Database,
  {
    whole,
    column,
    above,
    upTo,
    found,
  }: LookRequest & { readonly upTo: number; readonly found: LateFound | null },
): Promise<PassedRows | null> {
  if (above === null) return null;
  const at = await countRows(database, whole, compareSql(column.name, '=', above));
  return { at, upTo, late: found === null ? null : { ...found, below: upTo - found.within } };
}

interface CopyFacts extends LookRequest {
  readonly copied: Pick<ResolvedInput, 'files' | 'rows'>;
  readonly rejects: number;
  readonly found: LateFound | null;
}

/** The copy as an input of its own. */
function copyOf({ whole, column, above, copied, rejects, found }: CopyFacts): ResolvedInput {
  const late = found === null || found.taken === 0 ? '' : `, and ${found.taken} that came late`;
  return {
    ...whole,
    ...copied,
    columns: whole.columns,
    hiveColumns: [],
    places: null,
    staged: true,
    excerpt: above === null ? null : `rows with ${column.name} above ${above.value}${late}`,
    stagingRejects: whole.stagingRejects + rejects,
  };
}

/** Copies the rows of a SELECT to where shards read them. Null where there are none. */
async function copyRows(
  database: Database,
  select: string,
  { source, stagedPath }: TakeRowsRequest,
): Promise<Pick<ResolvedInput, 'files' | 'rows'> | null> {
  const temporary = temporaryName(stagedPath);
  try {
    await copyToStaged(database, select, temporary);
    // The copy is of what the fingerprint says, or of nothing.
    await assertUnchanged(source.sources);
    const rows = (await readCounts(database, [temporary])).reduce((sum, file) => sum + file.rows, 0);
    if (rows === 0) return null;
    await commitFile(temporary, stagedPath);
    return { files: [{ path: stagedPath, rows }], rows };
  } finally {
    await rm(temporary, { force: true });
  }
}

function findColumn(whole: ResolvedInput, wanted: string): Column {
  const names = whole.columns.map(({ name }) => name);
  const found =
    whole.columns.find(({ name }) => name === wanted) ??
    whole.columns.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  if (found !== undefined) return found;
  throw new ServeBatchError(
    'SCHEMA_MISMATCH',
    `input.incremental names the column "${wanted}", which ${inputName(whole)} does not have (${names.join(', ')}).${suggestion(wanted, names)}`,
    { fields: { column: wanted } },
  );
}

async function greatest(
  database: Database,
  path: string,
  column: string,
): Promise<{ readonly to: string; readonly rowsAtTo: number }> {
  const from = `read_parquet(${quoteFile(path)})`;
  const [last] = await database.rows(
    `SELECT CAST(v AS VARCHAR) AS greatest, count(*) AS n FROM (SELECT ${quoteName(column)} AS v FROM ${from})
     WHERE v = (SELECT max(${quoteName(column)}) FROM ${from}) GROUP BY v`,
  );
  return { to: String(last?.greatest), rowsAtTo: Number(last?.n) };
}

async function countRows(database: Database, whole: ResolvedInput, condition: string): Promise<number> {
  const rows = await rowsSql(database, whole, { rowStart: 0, rowEnd: whole.rows });
  const [row] = await database.rows(`SELECT count(*) AS n FROM (${rows}) WHERE ${condition}`);
  return Number(row?.n);
}
