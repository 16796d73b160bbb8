import { writeFile } from 'node:fs/promises';
import type { ServeBatchError } from '../../core/errors.ts';
import { quoteFile, quoteFiles, quoteName, quoteText } from '../../core/sql.ts';
import type { SourceFile } from '../../core/table.ts';
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
    const described = await database.describe(`SELECT * FROM ${readJsonSql(files, options)}`);
    const list = described.map(({ name, type }) =>
      // A column of mixed types is JSON: its texts without their quotes.
      type === 'JSON' ? `${quoteName(name)} ->> '$' AS ${quoteName(name)}` : quoteName(name),
    );
    await copyToStaged(database, `SELECT ${list.join(', ')} FROM ${readJsonSql(files, options)}`, target);
    return {
      columns: described.map((column) => (column.type === 'JSON' ? { ...column, type: 'VARCHAR' } : column)),
      malformed,
    };
  } catch (error) {
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

function readJsonSql(files: readonly string[], options: JsonOptions): string {
  const types = Object.entries(options.types ?? {}).map(
    ([name, type]) => `${quoteName(name)}: ${quoteText(type)}`,
  );
  const settings = [
    "format = 'auto'",
    'union_by_name = true',
    'sample_size = -1',
    'maximum_depth = 4',
    ...(types.length === 0 ? [] : [`columns = {${types.join(', ')}}`]),
  ];
  return `read_json(${quoteFiles(files)}, ${settings.join(', ')})`;
}

function malformedSql(sources: readonly SourceFile[]): string {
  const selects = sources.map(
    ({ path }) =>
      `SELECT ${quoteText(path)} AS file, line, text, 'is not a JSON object' AS reason
       FROM (SELECT row_number() OVER () AS line, text FROM ${linesSql(path)}) WHERE trim(text) <> '' AND NOT json_valid(text)`,
  );
  return selects.join(' UNION ALL ');
}

async function copyGoodLines(
  database: Database,
  sources: readonly SourceFile[],
  target: string,
): Promise<string> {
  await writeFile(target, '');
  const selects = sources.map(({ path }) => `SELECT text FROM ${linesSql(path)} WHERE json_valid(text)`);
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
