import { rename, rm, writeFile } from 'node:fs/promises';
import { ServeBatchError } from '../../core/errors.ts';
import type { SourceFile } from '../../core/table.ts';
import { quoteFile, quoteFiles, quoteName, quoteText } from '../../core/text/sql.ts';
import { readHead } from '../csv/csv-bytes.ts';
import { looksLikeUtf16 } from '../csv/csv-head.ts';
import type { ColumnNeeds } from '../csv/staged-columns.ts';
import type { Database } from '../duckdb/database.ts';
import { readError } from '../read-error.ts';
import type { JsonOptions } from './input-options.ts';
import { assertOwnNames, type JsonColumn, jsonColumns, widened } from './json-columns.ts';
import { countMalformedRows, malformedRowError, NO_MALFORMED_ROWS } from './malformed-row.ts';
import { copyToStaged, type StagedSelect } from './staged-copy.ts';
import { typeTexts } from './type-texts.ts';

/** What is to be staged, and how. */
export interface JsonRequest {
  readonly sources: readonly SourceFile[];
  readonly options: JsonOptions;
  readonly needs: ColumnNeeds;
  /** The typed Parquet file that is made. */
  readonly target: string;
  /** Whether lines of `.jsonl` and `.ndjson` files that are no objects are left out and returned, not an error. */
  readonly setAside: boolean;
}

/**
 * Copies JSON into one typed Parquet file, rows in order. Types are inferred from all rows. Where DuckDB
 * finds values of several kinds in a column, or numbers that it would round, the cells decide as in a CSV.
 */
export async function stageJson(database: Database, request: JsonRequest): Promise<StagedSelect> {
  const { sources, target } = request;
  for (const { path } of sources) await assertUtf8(path);
  const malformed =
    request.setAside && areLines(sources)
      ? await countMalformedRows(database, malformedSql(sources))
      : NO_MALFORMED_ROWS;
  const files =
    malformed.count === 0 ? paths(sources) : [await copyGoodLines(database, sources, `${target}.jsonl`)];
  try {
    return { ...(await stageFiles(database, request, files)), malformed };
  } catch (error) {
    if (error instanceof ServeBatchError) throw error;
    throw (
      (await malformedLine(database, sources)) ??
      sameNames(error, sources) ??
      readError(error, paths(sources).join(', '))
    );
  } finally {
    if (malformed.count > 0) await rm(`${target}.jsonl`, { force: true });
  }
}

async function stageFiles(
  database: Database,
  { sources, options, needs, target }: JsonRequest,
  files: readonly string[],
): Promise<Omit<StagedSelect, 'malformed'>> {
  const found = await database.describe(`SELECT * FROM ${readJsonSql(files)}`);
  if (areLines(sources) && found.length === 1 && found[0]?.type === 'JSON')
    await assertObjects(database, sources);
  await assertOwnNames(database, files, found);
  const first = jsonColumns(found, options.types ?? {});
  await copyColumns(database, files, first, target);
  const wide = await widened(database, target, first);
  if (wide !== null) await copyColumns(database, files, wide, target);
  const columns = wide ?? first;
  if (columns.every(({ open }) => open === null))
    return { columns: columns.map(({ name, type }) => ({ name, type })) };
  const untyped = `${target}.untyped`;
  await rename(target, untyped);
  try {
    const typed = await typeTexts(database, untyped, columns, needs);
    await copyToStaged(database, typed.select, target);
    const file = paths(sources).join(', ');
    return { ...typed, badCells: typed.badCells.map((each) => ({ ...each, file, line: null })) };
  } finally {
    await rm(untyped, { force: true });
  }
}

function copyColumns(
  database: Database,
  files: readonly string[],
  columns: readonly JsonColumn[],
  target: string,
): Promise<void> {
  const list = columns.map(({ name }) => quoteName(name));
  return copyToStaged(database, `SELECT ${list.join(', ')} FROM ${readJsonSql(files, columns)}`, target);
}

/** Throws `INPUT_UNREADABLE`: JSON between programs is UTF-8 (RFC 8259, section 8.1). */
async function assertUtf8(path: string): Promise<void> {
  const head = await readHead(path, 1024).catch(() => null);
  if (head === null || !looksLikeUtf16(head)) return;
  throw new ServeBatchError(
    'INPUT_UNREADABLE',
    `${path} is UTF-16; JSON is expected as UTF-8. Write it so, or convert it: iconv -f UTF-16 -t UTF-8.`,
    { fields: { file: path } },
  );
}

/** DuckDB's own error has an advice that would lose rows. */
function sameNames(error: unknown, sources: readonly SourceFile[]): ServeBatchError | undefined {
  const [, name] = /Duplicate name "(.*)" in struct/.exec(error instanceof Error ? error.message : '') ?? [];
  if (name === undefined) return undefined;
  return new ServeBatchError(
    'SCHEMA_MISMATCH',
    `${paths(sources).join(', ')}: an object inside a row has two members "${name}" whose names differ in case only. Names must differ, whatever their case. Rename one where the file is written, or read the column as text with input.json.types.`,
    { fields: { column: name } },
  );
}

/** DuckDB may name the line after the bad one: where each line is an object, look for it. */
async function malformedLine(
  database: Database,
  sources: readonly SourceFile[],
): Promise<ServeBatchError | undefined> {
  if (!areLines(sources)) return undefined;
  const found = await countMalformedRows(database, malformedSql(sources)).catch(() => NO_MALFORMED_ROWS);
  return found.first === null ? undefined : malformedRowError(found.first, found.count);
}

/** A `.json` file may as well be one array over many lines, none of which is JSON by itself. */
function areLines(sources: readonly SourceFile[]): boolean {
  return sources.every(({ path }) => /\.(jsonl|ndjson)(\.|$)/i.test(path));
}

/** Throws `INPUT_UNREADABLE` for a line that is JSON but no object: DuckDB would make one column of all lines. */
async function assertObjects(database: Database, sources: readonly SourceFile[]): Promise<void> {
  const { first, count } = await countMalformedRows(database, malformedSql(sources));
  if (first !== null) throw malformedRowError(first, count);
}

function readJsonSql(files: readonly string[], columns: readonly JsonColumn[] = []): string {
  const types = columns.map(({ name, readAs }) => `${quoteName(name)}: ${quoteText(readAs)}`);
  const settings = [
    "format = 'auto'",
    'union_by_name = true',
    'sample_size = -1',
    'maximum_depth = 4',
    ...(types.length === 0 ? [] : [`columns = {${types.join(', ')}}`]),
  ];
  return `read_json(${quoteFiles(files)}, ${settings.join(', ')})`;
}

/** Whether a line is a JSON object; asking an invalid one for its type would be an error. */
const IS_OBJECT = "(CASE WHEN json_valid(text) THEN json_type(text) = 'OBJECT' ELSE false END)";

function malformedSql(sources: readonly SourceFile[]): string {
  const selects = sources.map(
    ({ path }) =>
      `SELECT ${quoteText(path)} AS file, line, text, 'is not a JSON object' AS reason
       FROM (SELECT row_number() OVER () AS line, text FROM ${linesSql(path)}) WHERE trim(text) <> '' AND NOT ${IS_OBJECT}`,
  );
  return selects.join(' UNION ALL ');
}

async function copyGoodLines(
  database: Database,
  sources: readonly SourceFile[],
  target: string,
): Promise<string> {
  await writeFile(target, '', { flag: 'wx' });
  const selects = sources.map(({ path }) => `SELECT text FROM ${linesSql(path)} WHERE ${IS_OBJECT}`);
  await database.run(
    `COPY (${selects.join(' UNION ALL ')}) TO ${quoteText(target)} (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER ${quoteText('\x01')})`,
  );
  return target;
}

/** Each line of a file as one text: a CSV of one column whose delimiter and quote never occur in JSON. */
function linesSql(path: string): string {
  return `read_csv(${quoteFile(path)}, auto_detect = false, header = false, delim = ${quoteText('\x01')}, quote = '', escape = '', columns = {text: 'VARCHAR'}, max_line_size = 16777216, buffer_size = 33554432)`;
}

function paths(sources: readonly SourceFile[]): string[] {
  return sources.map(({ path }) => path);
}
