import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { commitFile, makeFolder, temporaryName } from '../../core/durable-file.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { suggestion } from '../../core/nearest.ts';
import { quoteFile, quoteName } from '../../core/sql.ts';
import type { Column, ResolvedInput } from '../../core/table.ts';
import type { Database } from '../database.ts';
import { assertUnchanged } from '../fingerprint.ts';
import { readCounts } from '../formats/parquet-input.ts';
import { copyToStaged } from '../formats/staged-copy.ts';
import { inputName } from '../locate-row.ts';
import { type InputRequest, resolveInput } from '../resolve-input.ts';
import { rowsSql } from '../shard-relation.ts';
import { countUnordered, unorderedRowError, writeUnordered } from './unordered-rows.ts';
import { assertWatermarkType, compareSql, finiteSql, type WatermarkValue } from './watermark-type.ts';

export interface TakeRowsRequest extends InputRequest {
  /** The column that tells new rows from old ones. */
  readonly column: string;
  /** Rows above it are taken; null: all. */
  readonly above: WatermarkValue | null;
  /** Where rows are written that are set aside since they cannot be told old from new. */
  readonly unorderedPath: string;
}

/** The rows that were taken, as a table of their own, and where they end. */
export interface TakenRows {
  readonly input: ResolvedInput;
  readonly column: Column;
  readonly to: string;
  readonly rowsAtTo: number;
  /** Rows of the whole input up to `to`, whoever took them. */
  readonly rowsUpTo: number;
}

/** Rows of the whole input that a watermark has passed: more of them than there were are rows that came late. */
export interface PassedRows {
  /** Those that hold exactly the watermark. */
  readonly at: number;
  /** Those at the watermark or below it. */
  readonly upTo: number;
}

export interface TakeOutcome {
  /** Null: nothing is new. */
  readonly taken: TakenRows | null;
  /** Null: there was no watermark, or the input has no rows. */
  readonly passed: PassedRows | null;
}

/**
 * Copies the rows whose column is above the watermark into typed Parquet, in the order of the input: what
 * comes later does not change it. Of Parquet only the row groups that may hold some are read; other formats
 * are read whole.
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
  const isNew =
    above === null ? `${quoteName(column.name)} IS NOT NULL` : compareSql(column.name, '>', above);
  const unordered = { whole, column, isNew };
  const rejects = await countUnordered(database, unordered);
  if (rejects > 0 && !request.setAside) throw await unorderedRowError(database, unordered, rejects);

  const all = await rowsSql(database, whole, { rowStart: 0, rowEnd: whole.rows }, { hidden: true });
  const copied = await copyRows(
    database,
    `SELECT * FROM (${all}) WHERE ${isNew} AND ${finiteSql(column.name, column.type)}`,
    request,
  );
  // Not counted, but subtracted: of Parquet, no row group has to be read for it.
  const upTo = whole.rows - (copied?.rows ?? 0) - rejects;
  const atWatermark = above === null ? null : compareSql(column.name, '=', above);
  const passed = atWatermark === null ? null : { at: await countRows(database, whole, atWatermark), upTo };
  if (copied === null) return { taken: null, passed };
  if (rejects > 0) await writeUnordered(database, unordered, request.unorderedPath);
  const { to, rowsAtTo } = await greatest(database, request.stagedPath, column.name);
  const last = compareSql(column.name, '<=', { value: to, type: column.type });
  // The first run rejects minus infinity, which the next one finds below the watermark: it is counted in both.
  const rowsUpTo = rejects === 0 ? whole.rows : await countRows(database, whole, last);
  const taken = {
    input: {
      ...whole,
      ...copied,
      columns: whole.columns,
      hiveColumns: [],
      places: null,
      staged: true,
      excerpt: above === null ? null : `rows with ${column.name} above ${above.value}`,
      stagingRejects: whole.stagingRejects + rejects,
    },
    column,
    to,
    rowsAtTo,
    rowsUpTo,
  };
  return { taken, passed };
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
