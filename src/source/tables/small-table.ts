import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../core/files/durable-file.ts';
import type { BadCells, Column, ResolvedInput, SourceFile, TableFormat } from '../../core/table.ts';
import type { ColumnNeeds } from '../csv/staged-columns.ts';
import type { Database } from '../duckdb/database.ts';
import { fileRowsSql } from '../file-rows.ts';
import { inField } from '../files/in-field.ts';
import type { HivePartitioning } from '../formats/partitions.ts';
import { formatOfFiles } from '../formats/table-formats.ts';
import { readTable } from '../resolve-input.ts';
import { keptCopyOf } from './kept-copies.ts';

/** A table beside the input: one that `features.select` joins, or the values of a grid. */
export interface SmallTable {
  /** The field of the job file, for messages. */
  readonly field: string;
  readonly sources: readonly SourceFile[];
  /** What the job names, of which `sources` are the files. */
  readonly paths: readonly string[];
  readonly hive: HivePartitioning;
  readonly needs: ColumnNeeds;
}

export interface SmallTableRows {
  readonly format: TableFormat;
  readonly columns: readonly Column[];
  readonly rows: number;
  readonly badCells: readonly BadCells[];
  /** A SELECT of the rows. Of anything but Parquet it reads a copy, which is gone afterwards unless it is kept. */
  readonly sql: string;
}

/**
 * Reads a table as an input is read: its types are found from all cells, and no cell changes without a
 * word. Throws what `readTable` throws, with the field before it.
 */
export async function withTableRows<T>(
  database: Database,
  table: SmallTable,
  use: (rows: SmallTableRows) => Promise<T>,
): Promise<T> {
  const readTo = (stagedPath: string): Promise<ResolvedInput> => readIn(database, table, stagedPath);
  const kept = formatOf(table) === 'parquet' ? null : keptCopyOf(database, table);
  if (kept !== null)
    return use(await rowsOf(database, table, (await kept.find()) ?? (await kept.make(readTo))));
  await makeFolder(database.temporaryFolder);
  const folder = await mkdtemp(join(database.temporaryFolder, 'table-'));
  try {
    const read = await readTo(join(folder, 'table.parquet'));
    return await use(await rowsOf(database, table, read));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function rowsOf(database: Database, table: SmallTable, read: ResolvedInput): Promise<SmallTableRows> {
  const { columns, rows, badCells } = read;
  const sql = await fileRowsSql(database, read, { rowStart: 0, rowEnd: rows });
  return { format: formatOf(table), columns, rows, badCells, sql };
}

function formatOf({ sources }: SmallTable): TableFormat {
  return formatOfFiles(sources.map(({ path }) => path));
}

function readIn(database: Database, table: SmallTable, stagedPath: string): Promise<ResolvedInput> {
  const { field, sources, paths, hive, needs } = table;
  return inField(field, () =>
    readTable(database, {
      paths,
      format: formatOf(table),
      source: { sources, fingerprint: '' },
      options: { hivePartitioning: hive, csv: {}, json: {} },
      stagedPath,
      setAside: false,
      cure: 'Mend the line.',
      stagingRejectsPath: '',
      needs,
    }),
  );
}
