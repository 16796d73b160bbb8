import type { ResolvedInput } from '../../core/table.ts';
import { isStorageAddress } from '../../storage/storage-address.ts';
import type { Database } from '../duckdb/database.ts';
import type { Segment } from '../file-rows.ts';
import { scannedColumns } from './scanned-columns.ts';
import { spoolOf } from './spool.ts';

type InputFiles = Pick<ResolvedInput, 'files' | 'columns'> & Partial<Pick<ResolvedInput, 'sources'>>;

/** The file to read for each file of an input, with its footer: of an object, a local copy. */
export async function localPaths(
  database: Database,
  { files, sources = [] }: InputFiles,
  wanted: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (!files.some(({ path }) => isStorageAddress(path))) return new Map(wanted.map((path) => [path, path]));
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const found = wanted.flatMap((path) => byPath.get(path) ?? []);
  const local = await spoolOf(database).local(found, 'footers');
  return new Map(found.map((source, index) => [source.path, local[index]?.path ?? source.path]));
}

/** Reads the rows of segments with all columns of the input, for as long as the database lasts. */
export async function fetchAll(
  database: Database,
  input: InputFiles,
  segments: readonly Segment[],
): Promise<void> {
  const columns = input.columns.map(({ name }) => name);
  await fetchColumns(database, input, segments, columns, true);
}

/** Reads of the rows of segments what a SELECT over them scans. */
export async function fetchScanned(
  database: Database,
  input: InputFiles,
  segments: readonly Segment[],
  select: string,
): Promise<void> {
  if (!segments.some(({ file }) => isStorageAddress(file.path))) return;
  await spoolOf(database).makeRoom();
  const names = input.columns.map(({ name }) => name);
  await fetchColumns(database, input, segments, await scannedColumns(database, select, names), false);
}

async function fetchColumns(
  database: Database,
  { sources = [] }: InputFiles,
  segments: readonly Segment[],
  columns: readonly string[],
  isKept: boolean,
): Promise<void> {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  for (const { file, rowStart, rowEnd } of segments) {
    const source = byPath.get(file.path);
    if (source !== undefined) await spoolOf(database).need(source, { rowStart, rowEnd, columns }, isKept);
  }
}
