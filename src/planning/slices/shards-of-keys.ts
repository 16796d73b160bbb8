import type { Column, ResolvedInput, TableFile } from '../../core/table.ts';
import { quoteFiles, quoteName, quoteText } from '../../core/text/sql.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { segmentsOf } from '../../source/file-rows.ts';
import { isStorageAddress } from '../../storage/storage-address.ts';

/** Keys that are looked up. In a table in their order each takes some milliseconds: other row groups are passed over. */
const KEYS = 4;

/**
 * In how many shards the rows of one key lie, on average of some keys. Null where that cannot be said: of objects in a
 * bucket, which nobody reads twice; of columns in the paths of files; of keys with more rows than a shard has, which
 * would have to be in memory at once.
 */
export async function shardsOfKeys(
  database: Database,
  { files, rows, hiveColumns }: Pick<ResolvedInput, 'files' | 'rows' | 'hiveColumns'>,
  key: readonly Column[],
  shardRows: number,
): Promise<number | null> {
  if (files.some(({ path }) => isStorageAddress(path))) return null;
  if (hiveColumns.some(({ name }) => key.some((column) => column.name === name))) return null;
  let shards = 0;
  for (let index = 0; index < KEYS; index++) {
    const texts = await keyAt(database, files, key, Math.floor(((index + 0.5) * rows) / KEYS));
    const found = await lookUp(database, files, conditionsOf(key, texts), shardRows);
    if (found.rows > shardRows) return null;
    shards += found.shards;
  }
  return shards / KEYS;
}

/** The key of one row, as texts; null where a column has none. */
async function keyAt(
  database: Database,
  files: readonly TableFile[],
  key: readonly Column[],
  row: number,
): Promise<readonly (string | null)[]> {
  const segments = segmentsOf(files, row, row + 1);
  const list = key.map(({ name }, index) => `CAST(${quoteName(name)} AS VARCHAR) AS k${index}`);
  const [found] = await database.rows(
    `SELECT ${list.join(', ')} FROM ${scanSql(segments.map(({ file }) => file))} WHERE file_row_number = ${segments[0]?.rowStart}`,
  );
  return key.map((_, index) => {
    const text = found?.[`k${index}`];
    return typeof text === 'string' ? text : null;
  });
}

function conditionsOf(key: readonly Column[], texts: readonly (string | null)[]): readonly string[] {
  return key.map(({ name, type }, index) => {
    const text = texts[index] ?? null;
    return `${quoteName(name)} ${text === null ? 'IS NULL' : `= CAST(${quoteText(text)} AS ${type})`}`;
  });
}

async function lookUp(
  database: Database,
  files: readonly TableFile[],
  conditions: readonly string[],
  shardRows: number,
): Promise<{ readonly rows: number; readonly shards: number }> {
  let before = 0;
  const starts = files.map(({ rows }) => {
    before += rows;
    return before - rows;
  });
  const place = `list_extract([${starts.join(', ')}], CAST(file_index AS BIGINT) + 1) + file_row_number`;
  const [found] = await database.rows(
    `SELECT count(*) AS rows, count(DISTINCT (${place}) // ${shardRows}) AS shards FROM ${scanSql(files)} WHERE ${conditions.join(' AND ')}`,
  );
  return { rows: Number(found?.rows), shards: Number(found?.shards) };
}

function scanSql(files: readonly TableFile[]): string {
  return `read_parquet(${quoteFiles(files.map(({ path }) => path))}, union_by_name = true, hive_partitioning = false, file_row_number = true)`;
}
