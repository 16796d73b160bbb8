import { ServeBatchError } from '../../core/errors.ts';
import type { Column } from '../../core/table.ts';
import { suggestion } from '../../core/text/nearest.ts';
import { quoteFile, quoteFiles, quoteName } from '../../core/text/sql.ts';
import type { Database } from '../duckdb/database.ts';
import { isNested } from './common-type.ts';
import { parquetType } from './parquet-type.ts';

/** How a member of the objects is read, and what it is to become. */
export interface JsonColumn {
  readonly name: string;
  readonly readAs: string;
  /**
   * Texts whose type is still to be found: `given`: the job says it; `mixed`: the values have several kinds;
   * `wide`: numbers beyond what a DOUBLE tells apart. Null: values as they are.
   */
  readonly open: 'given' | 'mixed' | 'wide' | null;
  /** Of `given`. */
  readonly type: string;
}

/**
 * The type of each column: as the job says, else as it was found, but JSON strings stay texts. JSON has no
 * dates, times or UUIDs: DuckDB makes them of strings that look so, and an id like 05-12-2026 would change.
 * Throws `SCHEMA_MISMATCH` for a type of a column that is not there.
 */
export function jsonColumns(
  found: readonly Column[],
  wanted: Readonly<Record<string, string>>,
): readonly JsonColumn[] {
  const byName = new Map(found.map(({ name }) => [name.toLowerCase(), name]));
  const types = new Map<string, string>();
  for (const [written, type] of Object.entries(wanted)) {
    const name = byName.get(written.toLowerCase());
    if (name === undefined) throw unknownColumn(written, found);
    types.set(name, parquetType(type.toUpperCase()));
  }
  return found.map(({ name, type }) => jsonColumn(name, type, types.get(name)));
}

function jsonColumn(name: string, found: string, given: string | undefined): JsonColumn {
  if (given === undefined) {
    if (found === 'JSON') return { name, readAs: 'JSON', open: 'mixed', type: 'VARCHAR' };
    const type = parquetType(found.replace(MADE_OF_TEXT, 'VARCHAR'));
    return { name, readAs: type, open: null, type };
  }
  if (isText(given)) return { name, readAs: 'VARCHAR', open: null, type: 'VARCHAR' };
  if (isNested(given)) return { name, readAs: given, open: null, type: given };
  // DuckDB would round 1.7 to the BIGINT 2.
  return { name, readAs: 'VARCHAR', open: 'given', type: given };
}

function isText(type: string): boolean {
  return /^(VARCHAR|TEXT|STRING|JSON)$/.test(type);
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

/** Integers beyond 2^53, as a DOUBLE prints them, and numbers beyond its range, inside a list or an object. */
const BEYOND_DOUBLE = String.raw`(^|[^.\d])\d{16,}|[eE]\+?(1[5-9]|[2-9]\d|\d{3})|Infinity`;

/**
 * The columns, those of which a DOUBLE has lost digits as texts: DuckDB makes DOUBLE of integers beyond 128
 * bits, and of shorter ones where a fraction stands beside them; of 1e400 it makes infinity. Null: there are none.
 */
export async function widened(
  database: Database,
  staged: string,
  columns: readonly JsonColumn[],
): Promise<readonly JsonColumn[] | null> {
  const doubles = columns.filter(({ open, readAs }) => open === null && /\bDOUBLE\b/.test(readAs));
  if (doubles.length === 0) return null;
  const tests = doubles.map(({ name, readAs }, index) => {
    const test =
      readAs === 'DOUBLE'
        ? `abs(${quoteName(name)}) >= 9007199254740992 AND NOT isnan(${quoteName(name)})`
        : `regexp_matches(CAST(to_json(${quoteName(name)}) AS VARCHAR), '${BEYOND_DOUBLE}')`;
    return `coalesce(bool_or(${test}), false) AS beyond${index}`;
  });
  const [found] = await database.rows(`SELECT ${tests.join(', ')} FROM read_parquet(${quoteFile(staged)})`);
  const wide = new Set(doubles.filter((_, index) => found?.[`beyond${index}`] === true));
  if (wide.size === 0) return null;
  return columns.map((column) => {
    if (!wide.has(column)) return column;
    const open = column.readAs === 'DOUBLE' ? 'wide' : null;
    return { ...column, readAs: 'VARCHAR', open, type: 'VARCHAR' };
  });
}

/** What DuckDB makes of a second name that differs in case only, and of no name. */
const GIVEN_NAME = /^(?:(.*)_\d+|C\d+)$/;

/**
 * Throws `SCHEMA_MISMATCH` for members that DuckDB reads under another name than their own, since SQL
 * cannot tell their names apart: their values would be null.
 */
export async function assertOwnNames(
  database: Database,
  files: readonly string[],
  found: readonly Column[],
): Promise<void> {
  const names = new Set(found.map(({ name }) => name.toLowerCase()));
  const isOdd = ({ name }: Column): boolean => {
    const [whole, base] = GIVEN_NAME.exec(name) ?? [];
    return whole !== undefined && (base === undefined || names.has(base.toLowerCase()));
  };
  if (!found.some(isOdd)) return;
  const rows = await database.rows(
    `SELECT key, min(filename) AS file FROM (SELECT unnest(json_keys(json)) AS key, filename
     FROM read_json_objects(${quoteFiles(files)}, filename = true)) GROUP BY key ORDER BY key`,
  );
  const seen = new Map<string, string>();
  for (const { key, file } of rows) {
    const name = String(key);
    const same = seen.get(name.toLowerCase());
    if (name === '') throw unclearName(String(file), 'a member without a name');
    if (same !== undefined)
      throw unclearName(String(file), `the members "${same}" and "${name}", which differ in case only`);
    seen.set(name.toLowerCase(), name);
  }
}

function unclearName(file: string, what: string): ServeBatchError {
  return new ServeBatchError(
    'SCHEMA_MISMATCH',
    `${file} has ${what}. Names of columns must differ, whatever their case. Rename it where the file is written.`,
    { fields: { file } },
  );
}
