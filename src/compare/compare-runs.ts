import { basename } from 'node:path';
import { ServeBatchError } from '../core/errors.ts';
import { formatCount, formatNumber, formatPercent } from '../core/text/amounts.ts';
import { quoteFiles } from '../core/text/sql.ts';
import type { Database } from '../source/duckdb/database.ts';
import { type ChosenColumns, chooseColumns } from './choose-columns.ts';
import { beyondSql, compareColumn, keyTextSql } from './compare-column.ts';
import type { ComparedRun } from './compared-run.ts';
import type { ChangeLimit, ColumnComparison, ComparedSide, Comparison, KeyCounts } from './comparison.ts';
import { JOINED, joinRuns } from './join-runs.ts';

export interface CompareRequest {
  readonly before: ComparedRun;
  readonly after: ComparedRun;
  /** Null: the columns of key and field, which both runs must have alike. */
  readonly key: readonly string[] | null;
  /** Columns of the parts that make segments. */
  readonly by: readonly string[];
  readonly limit: ChangeLimit;
  /** How many of the biggest differences are told. */
  readonly top: number;
}

/** Keys that only one of the runs has, as examples. */
const EXAMPLES = 3;

/**
 * Compares the predictions of two runs, key by key, within the limits of the database. Throws `USAGE` where they
 * cannot be joined or have nothing in common, and what DuckDB throws.
 */
export async function compareRuns(database: Database, request: CompareRequest): Promise<Comparison> {
  const { before, after, limit, top } = request;
  const chosen = chooseColumns(
    { run: before, columns: await columnsOf(database, before) },
    { run: after, columns: await columnsOf(database, after) },
    request,
  );
  const duplicates = await joinRuns(database, before, after, chosen);
  const keys = await countKeys(database);
  const columns: ColumnComparison[] = [];
  for (const index of chosen.values.keys())
    columns.push(await compareColumn(database, index, chosen, { change: limit.change, top }));
  const sides = {
    before: sideOf(before, duplicates.before),
    after: sideOf(after, duplicates.after),
  };
  return {
    ...{ ...sides, keys, columns, key: chosen.key.map(({ name }) => name) },
    examples: {
      onlyBefore: await examples(database, chosen, 'in_a AND NOT in_b'),
      onlyAfter: await examples(database, chosen, 'in_b AND NOT in_a'),
    },
    ...{ onlyBefore: chosen.onlyBefore, onlyAfter: chosen.onlyAfter },
    notes: [...chosen.notes, ...Object.values(sides).flatMap(duplicatesNote)],
    limit: await judge(database, chosen, keys, limit),
  };
}

function columnsOf(database: Database, { parts }: ComparedRun) {
  return database.describe(`SELECT * FROM read_parquet(${quoteFiles(parts)}, hive_partitioning = false)`);
}

function sideOf({ plan, rows }: ComparedRun, duplicates: number): ComparedSide {
  return { runId: plan.runId, job: plan.job, model: basename(plan.model.path), rows, duplicates };
}

async function countKeys(database: Database): Promise<KeyCounts> {
  const [row = {}] = await database.rows(
    `SELECT count(*) FILTER (in_a AND in_b) AS both, count(*) FILTER (NOT in_b) AS only_a, count(*) FILTER (NOT in_a) AS only_b FROM ${JOINED}`,
  );
  return { both: Number(row.both), onlyBefore: Number(row.only_a), onlyAfter: Number(row.only_b) };
}

async function examples(
  database: Database,
  { key }: ChosenColumns,
  where: string,
): Promise<readonly string[]> {
  const places = key.map((_, place) => `k${place}`).join(', ');
  const rows = await database.rows(
    `SELECT ${keyTextSql(key)} AS key FROM ${JOINED} WHERE ${where} ORDER BY ${places} LIMIT ${EXAMPLES}`,
  );
  return rows.map(({ key: text }) => String(text));
}

/** A key that only one of the runs has changed, however large the change that is allowed. */
async function judge(
  database: Database,
  { values }: ChosenColumns,
  { both, onlyBefore, onlyAfter }: KeyCounts,
  limit: ChangeLimit,
): Promise<Comparison['limit']> {
  const any = values.map((column, index) => beyondSql(index, column, limit.change)).join(' OR ');
  const [row = {}] = await database.rows(
    `SELECT count(*) FILTER (NOT in_a OR NOT in_b OR ${any}) AS beyond FROM ${JOINED}`,
  );
  const beyond = Number(row.beyond);
  const share = beyond / Math.max(both + onlyBefore + onlyAfter, 1);
  return { ...limit, beyond, share, isMet: limit.most === null || share <= limit.most };
}

function duplicatesNote({ runId, duplicates }: ComparedSide): readonly string[] {
  if (duplicates === 0) return [];
  return [
    `Run ${runId} has ${formatNumber(duplicates, 'row')} with the key of a later row: the last of each is compared.`,
  ];
}

/** What a comparison beyond its limit throws. */
export function differsError({ before, after, limit, keys }: Comparison): ServeBatchError {
  const all = keys.both + keys.onlyBefore + keys.onlyAfter;
  const how = limit.change === 0 ? 'changed' : `changed by more than ${formatPercent(limit.change)}`;
  return new ServeBatchError(
    'RUNS_DIFFER',
    `${formatCount(limit.beyond)} of ${formatCount(all)} keys (${formatPercent(limit.share)}) ${how}, or are only in one of the runs ${before.runId} and ${after.runId}; expected at most ${formatPercent(limit.most ?? 1)}.`,
    { fields: { beyond: limit.beyond, keys: all } },
  );
}
