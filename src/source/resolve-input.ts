import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ServeBatchError } from '../core/errors.ts';
import { commitFile, makeFolder, temporaryName } from '../core/files/durable-file.ts';
import type { BadCells, Column, InputFingerprint, InputFormat, ResolvedInput } from '../core/table.ts';
import { quoteName, quoteText } from '../core/text/sql.ts';
import { type ColumnNeeds, NO_NEEDS } from './csv/staged-columns.ts';
import type { Database } from './duckdb/database.ts';
import { fileRowsSql } from './file-rows.ts';
import { assertUnchanged } from './files/fingerprint.ts';
import { assertWholeArchives } from './formats/archive-check.ts';
import { whileSpaceLasts } from './formats/disk-watch.ts';
import type { InputOptions } from './formats/input-options.ts';
import { malformedRowError } from './formats/malformed-row.ts';
import { assertNoRowNumber, describeParquet, readCounts } from './formats/parquet-input.ts';
import { stageJson } from './formats/stage-json.ts';
import type { StagedSelect } from './formats/staged-copy.ts';
import { assertIsWhatItSays } from './formats/what-it-is.ts';
import { spoolOf } from './remote/spool.ts';

export interface InputRequest {
  readonly paths: readonly string[];
  readonly format: InputFormat;
  readonly source: InputFingerprint;
  readonly options: InputOptions;
  /** Where the staged copy of anything but Parquet goes. */
  readonly stagedPath: string;
  /** Whether rows that cannot be split into columns are set aside rather than being an error. */
  readonly setAside: boolean;
  /** What to do about such rows, in the message; left out: mend them, or set them aside. */
  readonly cure?: string;
  /** Where the set-aside rows are written. */
  readonly stagingRejectsPath: string;
  /** What the job needs of the columns besides their values. */
  readonly needs: ColumnNeeds;
}

/** As {@link readTable}, for what is to be scored. Throws `INPUT_EMPTY` for a table without rows, too. */
export async function resolveInput(database: Database, request: InputRequest): Promise<ResolvedInput> {
  return notEmpty(await readTable(database, request));
}

/**
 * Looks at a table and, for anything but Parquet, copies it into typed Parquet once, so that shards are
 * stable. Throws `INPUT_UNREADABLE`, `INPUT_MALFORMED_ROW` or `SCHEMA_MISMATCH`.
 */
export async function readTable(database: Database, request: InputRequest): Promise<ResolvedInput> {
  return spoolOf(database).naming(() => readNamed(database, request));
}

async function readNamed(database: Database, request: InputRequest): Promise<ResolvedInput> {
  const { paths, format, source, options } = request;
  const base = { format, paths, grid: null, sources: source.sources, fingerprint: source.fingerprint };
  if (format === 'parquet') {
    const described = await describeParquet(database, {
      sources: source.sources,
      given: paths,
      hive: options.hivePartitioning,
    });
    return {
      ...base,
      ...described,
      staged: false,
      excerpt: null,
      rows: totalRows(described.files),
      stagingRejects: 0,
      written: [],
      badCells: [],
      places: null,
    };
  }
  await makeFolder(dirname(request.stagedPath));
  const temporary = temporaryName(request.stagedPath);
  try {
    return await stagedTable(database, request, temporary);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function stagedTable(
  database: Database,
  request: InputRequest,
  temporary: string,
): Promise<ResolvedInput> {
  const { paths, format, source } = request;
  const base = { format, paths, grid: null, sources: source.sources, fingerprint: source.fingerprint };
  const stop = new AbortController();
  const interrupt = (): void => {
    stop.abort();
    database.connection.interrupt();
  };
  const watch = { folder: dirname(temporary), interrupt };
  const spool = spoolOf(database);
  const staged = await whileSpaceLasts(watch, async () => {
    const sources = await spool.local(source.sources, 'whole');
    return stageAs(database, { ...request, source: { ...source, sources } }, temporary, stop.signal);
  }).catch(async (error) => {
    // A file that changes meanwhile, or goes, is not to be blamed for how it is written.
    const isOther = error instanceof ServeBatchError && error.code !== 'INPUT_UNREADABLE';
    if (!isOther) await assertUnchanged(source.sources);
    throw error;
  });
  assertNoRowNumber(
    staged.columns,
    source.sources.map(({ path }) => path),
  );
  // The copy is of what the fingerprint says, or of nothing.
  await assertUnchanged(source.sources);
  const { first, count, sql } = staged.malformed;
  if (first !== null && !request.setAside) throw malformedRowError(first, count, request.cure);
  if (sql !== null) await writeStagingRejects(database, sql, request.stagingRejectsPath);
  await commitFile(temporary, request.stagedPath);
  const files = await readCounts(database, [request.stagedPath]);
  const places = await writePlaces(database, staged, request.stagedPath);
  await spool.forget(source.sources);
  return {
    ...base,
    columns: staged.columns,
    hiveColumns: [],
    files,
    staged: true,
    excerpt: null,
    rows: totalRows(files),
    stagingRejects: count,
    written: staged.written ?? [],
    badCells: (staged.badCells ?? []).map((each) => ({ ...each, file: spool.withAddresses(each.file) })),
    places,
  };
}

async function stageAs(
  database: Database,
  request: InputRequest,
  target: string,
  signal: AbortSignal,
): Promise<StagedSelect> {
  const { source, options, setAside, needs } = request;
  if (request.format !== 'grid') await assertIsWhatItSays(source.sources, request.format);
  await assertWholeArchives(source.sources, options.maxBytes);
  switch (request.format) {
    case 'csv': {
      // The most of what reads tables, which a run of Parquet does not need.
      const { stageCsv } = await import('./csv/stage-csv.ts');
      return stageCsv(database, { sources: source.sources, options: options.csv, needs, target, signal });
    }
    case 'json':
      return stageJson(database, {
        sources: source.sources,
        options: options.json,
        needs,
        target,
        setAside,
      });
    case 'arrow': {
      // A seldom used library of half the size of all others: loaded when it is needed.
      const { stageArrow } = await import('./formats/stage-arrow.ts');
      return stageArrow(database, source.sources, options.arrow ?? {}, target);
    }
    case 'parquet':
    case 'grid':
      throw new TypeError(`${request.format} is not staged`);
  }
}

/**
 * The columns, the row count and the first rows of a table. Anything but Parquet is read once for it, into
 * `stagedPath`.
 */
export async function describeTable(
  database: Database,
  request: Omit<InputRequest, 'setAside' | 'stagingRejectsPath' | 'needs'>,
  firstRows = 0,
): Promise<{
  readonly columns: readonly Column[];
  readonly rows: number;
  readonly badCells: readonly BadCells[];
  readonly first: readonly Readonly<Record<string, string | null>>[];
}> {
  const input = await resolveInput(database, {
    ...request,
    setAside: false,
    stagingRejectsPath: '',
    needs: NO_NEEDS,
  });
  const { columns, rows, badCells } = input;
  if (firstRows === 0) return { columns, rows, badCells, first: [] };
  const list = columns.map(({ name }) => `CAST(${quoteName(name)} AS VARCHAR) AS ${quoteName(name)}`);
  const sql = await fileRowsSql(database, input, { rowStart: 0, rowEnd: Math.min(rows, firstRows) });
  const first = await database.rows(`SELECT ${list.join(', ')} FROM (${sql})`);
  return { columns, rows, badCells, first: first as Readonly<Record<string, string | null>>[] };
}

/** Beside the copy, since whoever reads one needs the other. */
async function writePlaces(
  database: Database,
  { placesSql }: StagedSelect,
  stagedPath: string,
): Promise<string | null> {
  if (placesSql === undefined) return null;
  const path = `${stagedPath}.places`;
  const temporary = temporaryName(path);
  await database.run(
    `COPY (SELECT * REPLACE (${addressSql(database, 'file')} AS file) FROM (${placesSql})) TO ${quoteText(temporary)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  await commitFile(temporary, path);
  return path;
}

/** A column of names of files, in which copies of objects have the addresses of these. */
function addressSql(database: Database, column: string): string {
  const whens = spoolOf(database)
    .copies()
    .map(([path, address]) => `WHEN ${quoteText(path)} THEN ${quoteText(address)}`);
  return whens.length === 0 ? column : `CASE ${column} ${whens.join(' ')} ELSE ${column} END`;
}

function totalRows(files: readonly { readonly rows: number }[]): number {
  return files.reduce((sum, { rows }) => sum + rows, 0);
}

function notEmpty(input: ResolvedInput): ResolvedInput {
  if (input.rows > 0) return input;
  const rejected =
    input.stagingRejects > 0 ? ` that can be used: all ${input.stagingRejects} were rejected` : '';
  throw new ServeBatchError(
    'INPUT_EMPTY',
    `The input ${input.paths.join(', ')} has no rows${rejected}. Expected at least one: an empty run would publish an empty store.`,
    { fields: { paths: input.paths, rejects: input.stagingRejects } },
  );
}

/** The columns are those of the shards' reject files, as far as they are known here. */
async function writeStagingRejects(database: Database, malformedSql: string, path: string): Promise<void> {
  await makeFolder(dirname(path));
  const temporary = temporaryName(path);
  await database.run(
    `COPY (SELECT ${addressSql(database, 'file')} AS file, CAST(NULL AS BIGINT) AS "row", CAST(line AS BIGINT) AS line, CAST(NULL AS VARCHAR) AS "column",
       text AS "value", reason FROM (${malformedSql}) ORDER BY file, line)
     TO ${quoteText(temporary)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  await commitFile(temporary, path);
}
