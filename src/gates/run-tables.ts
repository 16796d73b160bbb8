import type { Column, SourceFile } from '../core/table.ts';
import { quoteFiles, quoteName } from '../core/text/sql.ts';
import { NO_NEEDS } from '../source/csv/staged-columns.ts';
import type { Database } from '../source/duckdb/database.ts';
import { withTableRows } from '../source/tables/small-table.ts';
import { sampleSql } from './sample.ts';

/** A relation for FROM, and its columns. */
export interface GateTable {
  readonly from: string;
  readonly columns: readonly Column[];
}

/** What gates look at of a run, or of the file that stands for one. */
export interface RunTables {
  /** What messages call it: `run 20261121T000000Z-k3x9`. */
  readonly title: string;
  readonly modelSha256: string | null;
  /** All rows of the parts. */
  readonly parts: GateTable;
  /** Some of them. */
  readonly someParts: string;
  /** Features of some rows; null: the run has no sample of them. */
  readonly features: GateTable | null;
}

export interface RunFiles {
  readonly runId: string;
  readonly modelSha256: string;
  readonly parts: readonly string[];
  /** Null: it has none. */
  readonly sample: string | null;
}

export async function openRunTables(
  database: Database,
  { runId, modelSha256, parts, sample }: RunFiles,
): Promise<RunTables> {
  const read = `read_parquet(${quoteFiles(parts)})`;
  const numbered = `read_parquet(${quoteFiles(parts)}, file_row_number = true)`;
  const [counted] = await database.rows(`SELECT count(*) AS n FROM ${read}`);
  const some = sampleSql('file_row_number', Number(counted?.n));
  return {
    title: `run ${runId}`,
    modelSha256,
    parts: await describe(database, read),
    someParts: some === 'true' ? read : `(SELECT * FROM ${numbered} WHERE ${some})`,
    features: sample === null ? null : await describe(database, `read_parquet(${quoteFiles([sample])})`),
  };
}

/** A table that stands for a run: it has predictions, features or both. */
export async function openReferenceFile(
  database: Database,
  path: string,
  sources: readonly SourceFile[],
): Promise<RunTables> {
  const from = quoteName(`serve_batch_reference ${path}`);
  const request = {
    field: 'publish.gates: against',
    sources,
    paths: [path],
    hive: 'auto',
    needs: NO_NEEDS,
  } as const;
  await withTableRows(database, request, ({ sql }) => database.run(`CREATE TEMP TABLE ${from} AS ${sql}`));
  const table = await describe(database, from);
  return {
    title: path,
    modelSha256: null,
    parts: table,
    someParts: table.from,
    features: table,
  };
}

async function describe(database: Database, from: string): Promise<GateTable> {
  return { from, columns: await database.describe(`SELECT * FROM ${from}`) };
}

export function has({ columns }: GateTable, name: string): boolean {
  return columns.some((column) => column.name === name);
}
