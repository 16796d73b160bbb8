import { writeFile } from 'node:fs/promises';
import { ServeBatchError } from '../../core/errors.ts';
import { suggestion } from '../../core/nearest.ts';
import { quoteFile, quoteFiles, quoteName, quoteText } from '../../core/sql.ts';
import type { Column, SourceFile } from '../../core/table.ts';
import type { Database } from '../database.ts';
import { readError } from '../read-error.ts';
import type { JsonOptions } from './input-options.ts';
import { countMalformedRows, malformedRowError, NO_MALFORMED_ROWS } from './malformed-row.ts';
import { copyToStaged, type StagedSelect } from './staged-copy.ts';

/**
 * Copies JSON lines into one typed Parquet file, `target`, rows in order.
 *
 * With `setAside`, lines of `.jsonl` and `.ndjson` files that are not JSON are left out and returned;
 * otherwise the first one is an error. Types are inferred from all rows; a column of mixed types becomes text.
 */
export async function stageJson(
  database: Database,
  sources: readonly SourceFile[],
  options: JsonOptions,
  target: string,
  setAside: boolean,
): Promise<StagedSelect> {
  const malformed =
    setAside && areLines(sources)
      ? await countMalformedRows(database, malformedSql(sources))
      : NO_MALFORMED_ROWS;
  const files =
    malformed.count === 0 ? paths(sources) : [await copyGoodLines(database, sources, `${target}.jsonl`)];
  try {
    const found = await database.describe(`SELECT * FROM ${readJsonSql(files)}`);
    if (areLines(sources) && found.length === 1 && found[0]?.type === 'JSON')
      await assertObjects(database, sources);
    const types = columnTypes(found, options.types ?? {});
    const described = await database.describe(`SELECT * FROM ${readJsonSql(files, types)}`);
    const list = described.map(({ name, type }) =>
      // A column of mixed types is JSON: its texts without their quotes.
      type === 'JSON' ? `${quoteName(name)} ->> '$' AS ${quoteName(name)}` : quoteName(name),
    );
    await copyToStaged(database, `SELECT ${list.join(', ')} FROM ${readJsonSql(files, types)}`, target);
    return {
      columns: described.map((column) => (column.type === 'JSON' ? { ...column, type: 'VARCHAR' } : column)),
      malformed,
    };
  } catch (error) {
    if (error instanceof ServeBatchError) throw error;
    throw (await malformedLine(database, sources)) ?? readError(error, paths(sources).join(', '));
  }
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

/**
 * The type of each column: as the job says, else as it was found, but JSON strings stay texts. JSON has no
 * dates, times or UUIDs: DuckDB makes them of strings that look so, and an id like 05-12-2026 would change.
 * Throws `SCHEMA_MISMATCH` for a type of a column that is not there.
 */
function columnTypes(found: readonly Column[], wanted: Readonly<Record<string, string>>): readonly Column[] {
  const byName = new Map(found.map(({ name }) => [name.toLowerCase(), name]));
  const types = new Map<string, string>();
  for (const [written, type] of Object.entries(wanted)) {
    const name = byName.get(written.toLowerCase());
    if (name === undefined) throw unknownColumn(written, found);
    types.set(name, type);
  }
  return found.map(({ name, type }) => ({
    name,
    type: types.get(name) ?? type.replace(MADE_OF_TEXT, 'VARCHAR'),
  }));
}

/** Where a type stands, not a field of that name inside a STRUCT. */
const MADE_OF_TEXT = /\b(?:DATE|TIME|TIMESTAMP|UUID)(?: WITH TIME ZONE)?(?=[,)[]|$)/g;

function unknownColumn(name: string, found: readonly Column[]): ServeBatchError {
  const names = found.map((each) => each.name);
  return new ServeBatchError(
    'SCHEMA_MISMATCH',
    `input.json.types names the column "${name}", which the input does not have.${suggestion(name, names)} It has ${names.join(', ')}.`,
    { fields: { column: name } },
  );
}

function readJsonSql(files: readonly string[], columns: readonly Column[] = []): string {
  const types = columns.map(({ name, type }) => `${quoteName(name)}: ${quoteText(type)}`);
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
  await writeFile(target, '');
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
