import { readdir, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { quoteText } from '../../src/core/text/sql.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { openDatabase } from '../support/database.ts';
import { temporaryFolder } from '../support/project.ts';

const SECRET = 'swordfish';

describe('a database that is confined', () => {
  it('reads and writes what it was given, and nothing else', async () => {
    const [inside, outside] = [await temporaryFolder(), await temporaryFolder()];
    for (const folder of [inside, outside]) await writeFile(join(folder, 'a[1].csv'), 'a\n1\n');
    const [named, writable] = [join(outside, 'named.csv'), join(outside, 'result.parquet')];
    await writeFile(named, 'a\n2\n');
    const database = await openDatabase();
    await database.confine({ folders: [inside], files: [named, writable] });
    expect(await database.rows(`FROM read_csv('${inside}/a[[]1].csv')`)).toEqual([{ a: '1' }]);
    expect(await database.rows(`FROM read_csv('${named}')`)).toEqual([{ a: '2' }]);
    await database.run(`COPY (SELECT 1) TO '${writable}' (FORMAT parquet)`);
    for (const sql of [
      `FROM read_csv('${outside}/a[[]1].csv')`,
      `FROM '${outside}/a[[]1].csv'`,
      `FROM read_csv('${inside}/../${outside.split('/').at(-1)}/a[[]1].csv')`,
      `FROM glob('${outside}/*')`,
      "FROM read_csv('https://example.org/a.csv')",
      `COPY (SELECT 1) TO '${outside}/other.parquet' (FORMAT parquet)`,
      `EXPORT DATABASE '${outside}/all'`,
      `ATTACH '${outside}/x.db'`,
      'LOAD httpfs',
      'INSTALL httpfs',
      'SET enable_external_access = true',
      `SET allowed_directories = ['/']`,
      `SET temp_directory = '${outside}'`,
    ])
      await expect(database.run(sql), sql).rejects.toThrow(/disabled|locked|Cannot/);
    expect((await readdir(outside)).sort()).toEqual(['a[1].csv', 'named.csv', 'result.parquet']);
  });

  it('is confined over connections that are made later, too, which have the same time zone', async () => {
    const database = await openDatabase();
    await database.confine({ folders: [], files: [] });
    const other = await database.connect();
    expect(await other.rows("SELECT current_setting('TimeZone') AS zone")).toEqual([{ zone: 'UTC' }]);
    await expect(other.run("FROM read_text('/etc/hostname')")).rejects.toThrow(/disabled/);
    other.close();
  });

  it('still spills to its temporary folder', async () => {
    const database = await openDatabase();
    await database.run("SET memory_limit = '60MB'");
    await database.confine({ folders: [], files: [] });
    const [row] = await database.rows(
      "SELECT count(*) AS n FROM (SELECT i, repeat('x', 40) || i AS text FROM range(1500000) t(i) ORDER BY text)",
    );
    expect(row).toEqual({ n: '1500000' });
  });

  it('shows nothing of other files by any function of DuckDB', async () => {
    const paths = await secretFiles();
    const confined = await openDatabase();
    await confined.confine({ folders: [], files: [] });
    expect(await functionsThatShow(confined, paths)).toEqual([]);
  });

  it('which the same calls do where it is not confined', async () => {
    const shown = await functionsThatShow(await openDatabase(), await secretFiles());
    for (const name of [
      'query',
      'glob',
      'read_blob',
      'read_csv',
      'read_json',
      'read_parquet',
      'read_text',
      'sniff_csv',
    ])
      expect(shown).toContain(name);
    expect(shown.length).toBeGreaterThan(12);
  });
});

/** Files of every kind that DuckDB reads, with a secret in them and in the name of one; and their folder as a pattern. */
async function secretFiles(): Promise<readonly string[]> {
  const folder = await temporaryFolder();
  const maker = await openDatabase();
  const files = ['txt', 'csv', 'json', 'parquet'].map((kind) => join(folder, `a.${kind}`));
  const [text = '', ...tables] = files;
  await writeFile(text, SECRET);
  await writeFile(join(folder, SECRET), '');
  for (const path of tables)
    await maker.run(`COPY (SELECT '${SECRET}' AS ${SECRET}) TO '${path}' (FORMAT ${extname(path).slice(1)})`);
  return [...files, join(folder, '*')];
}

/** Names of functions that answer with the secret, for any of the paths in the place of their first text. */
async function functionsThatShow(database: Database, paths: readonly string[]): Promise<string[]> {
  const shown = new Set<string>();
  for (const { name, isTable, types } of await functionsWithTexts(database)) {
    for (const path of isTable ? paths : paths.slice(0, 1)) {
      const call = `"${name}"(${types.map((type, index) => argument(type, index, path)).join(', ')})`;
      const sql = isTable ? `FROM ${call}` : `SELECT ${call} AS answer`;
      const answer = await database.rows(sql).catch(() => []);
      if (JSON.stringify(answer).includes(SECRET)) shown.add(name);
    }
  }
  return [...shown].sort();
}

function argument(type: string, index: number, path: string): string {
  if (index === 0 && SQL_TAKERS.has(type)) return quoteText(`FROM read_text('${path}')`);
  if (type === 'VARCHAR[]') return `[${quoteText(path)}]`;
  if (/VARCHAR|ANY|JSON/.test(type)) return quoteText(index === 0 ? path : 'a');
  return `CAST(1 AS ${type})`;
}

const SQL_TAKERS = new Set(['SQL']);

interface DuckDbFunction {
  readonly name: string;
  readonly isTable: boolean;
  /** Of the arguments that are not named. */
  readonly types: readonly string[];
}

/**
 * Every function whose first argument may be a text or a list of texts, each form of it, but for those that set
 * something; `query` runs a text as SQL. Of scalar functions those with one argument.
 */
async function functionsWithTexts(database: Database): Promise<DuckDbFunction[]> {
  const rows = await database.rows(
    `SELECT DISTINCT function_name AS name, function_type LIKE 'table%' AS "isTable",
       to_json(coalesce(parameter_types[:len(list_filter(parameters, lambda p: regexp_full_match(p, 'col[0-9]+')))], []))::VARCHAR AS types
     FROM duckdb_functions()
     WHERE function_type IN ('table', 'table_macro', 'scalar')
       AND coalesce(parameter_types[1], 'VARCHAR') IN ('VARCHAR', 'VARCHAR[]', 'ANY', 'JSON')
       AND (function_type <> 'scalar' OR len(parameters) = 1)
       AND NOT regexp_matches(function_name, '^(enable|disable|verify|truncate|force)_')
     ORDER BY ALL`,
  );
  const functions = rows.map(({ name, isTable, types }) => ({
    name: String(name),
    isTable: isTable === true,
    types: JSON.parse(String(types)) as string[],
  }));
  return [...functions, { name: 'query', isTable: true, types: ['SQL'] }];
}
