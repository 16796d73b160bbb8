import { fetchContents, listAnew } from '../../core/files/mirror.ts';
import { quoteName, quoteText } from '../../core/text/sql.ts';
import { pathExists } from '../../runs/json-file.ts';
import type { RunPaths } from '../../runs/layout.ts';
import type { ShardRecord } from '../../runs/record/shard-record.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { inputColumns, rejectsSql } from './rejected-input.ts';

/** Rejects that have one reason in common. */
export interface RejectGroup {
  /** Null where no single column is to blame. */
  readonly column: string | null;
  /** The reason without the value: `holds a value that does not fit; the model input "x" is float32`. */
  readonly reason: string;
  readonly count: number;
  readonly examples: readonly RejectExample[];
}

export interface RejectExample {
  readonly file: string | null;
  /** From 1, in the file. */
  readonly row: number | null;
  /** From 1, in the file, the header counted. */
  readonly line: number | null;
  /** `store=1 product=77`; null where the job has no key, or the row could not be split. */
  readonly key: string | null;
  /** The beginning of it. */
  readonly value: string | null;
}

export interface RejectFacts {
  readonly groups: readonly RejectGroup[];
  /** Rejects of reasons that are not among `groups`. */
  readonly others: number;
}

const MOST_GROUPS = 12;
const EXAMPLES = 5;
const TEXT_CHARACTERS = 200;

/** The files of rejects that a run's committed shards, and the staging of its input, left behind. */
export async function rejectFilesOf(
  paths: RunPaths,
  shards: readonly ShardRecord[],
): Promise<readonly string[]> {
  const files = shards
    .filter(({ rejectsFile }) => rejectsFile !== null)
    .map(({ index }) => paths.rejects(index));
  await listAnew(paths.rejectsFolder);
  const all = (await pathExists(paths.stagingRejects)) ? [...files, paths.stagingRejects] : files;
  await fetchContents(all);
  return all;
}

/**
 * Groups rejects by reason, those with most first. `keyColumns` name an example, as far as the rejected
 * rows have them. Throws DuckDB's errors.
 */
export async function readRejects(
  database: Database,
  files: readonly string[],
  keyColumns: readonly string[],
): Promise<RejectFacts> {
  if (files.length === 0) return { groups: [], others: 0 };
  const known = await inputColumns(database, files);
  const key = keySql(keyColumns.filter((name) => known.includes(name)));
  const groups = await database.rows(
    `SELECT "column", ${REASON} AS reason, count(*) AS n, sum(count(*)) OVER () AS total,
       arg_min({file: file, key: ${key}, "row": "row", line: line, "value": left("value", ${TEXT_CHARACTERS})}, coalesce("row", line, 0), ${EXAMPLES}) AS examples
     FROM ${rejectsSql(files)}
     GROUP BY 1, 2 ORDER BY n DESC, 1, 2 LIMIT ${MOST_GROUPS}`,
  );
  const found = groups.map((row) => ({
    column: textOf(row.column),
    reason: String(row.reason),
    count: Number(row.n),
    examples: (row.examples as readonly Record<string, unknown>[]).map((each) => ({
      file: textOf(each.file),
      row: numberOf(each.row),
      line: numberOf(each.line),
      key: textOf(each.key),
      value: textOf(each.value),
    })),
  }));
  const total = Number(groups[0]?.total ?? 0);
  return { groups: found, others: total - found.reduce((sum, { count }) => sum + count, 0) };
}

/** Each value would be a reason of its own: it is left out, and shown with the examples. */
const REASON = `left(regexp_replace(regexp_replace(reason,
  '^holds "(?s:.*)"; ', 'holds a value that does not fit; '),
  '^has [0-9]+ fields', 'has another number of fields'), ${TEXT_CHARACTERS})`;

/** `store=1 product=77` of a row that has columns, as `lookup` takes it. */
function keySql(columns: readonly string[]): string {
  if (columns.length === 0) return 'CAST(NULL AS VARCHAR)';
  const pairs = columns.map(
    (name) => `${quoteText(`${name}=`)} || coalesce(CAST(input.${quoteName(name)} AS VARCHAR), 'null')`,
  );
  return `CASE WHEN input IS NOT NULL THEN left(concat_ws(' ', ${pairs.join(', ')}), ${TEXT_CHARACTERS}) END`;
}

function textOf(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

function numberOf(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}
