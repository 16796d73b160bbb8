import type { GridPlan } from '../../core/table.ts';
import { quoteName, quoteText } from '../../core/text/sql.ts';
import type { KeyedJoin } from '../../features/left-joins.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { dimensionTables } from '../../source/grid/grid-rows.ts';

/** Combinations of values that a table is completed for, and rows of a table that is copied for it, at most. */
const MOST_ROWS = 500_000;

interface CompleteRequest {
  readonly join: KeyedJoin;
  /** DuckDB's tree of a SELECT, from `input`, of the keys that its rows ask for. */
  readonly keysTree: string;
  /** What the copy is called. */
  readonly name: string;
}

/**
 * Copies a table that is joined to a grid, with a row more for each key that the grid asks for and the table has not:
 * nulls beside the key, as a left join would make them. Null where the table needs no copy, or one would be large.
 */
export async function completeTable(
  database: Database,
  grid: GridPlan,
  { join, keysTree, name }: CompleteRequest,
): Promise<string | null> {
  const table = quoteName(join.table);
  const combinations = await combinationsSql(database, grid, join);
  if (combinations === null || (await countOf(database, table)) > MOST_ROWS) return null;
  await database.run(`CREATE OR REPLACE TEMP VIEW input AS ${combinations}`);
  const asked = await sqlOfTree(database, keysTree);
  const missing = `${name}_keys`;
  await database.run(`CREATE OR REPLACE TEMP TABLE ${missing} AS ${await missingSql(database, join, asked)}`);
  const isNeeded = (await countOf(database, missing)) > 0;
  if (isNeeded)
    await database.run(
      `CREATE OR REPLACE TEMP TABLE ${name} AS SELECT * FROM ${table} UNION ALL BY NAME SELECT * FROM ${missing}`,
    );
  await database.run(`DROP TABLE ${missing}`);
  return isNeeded ? name : null;
}

export async function sqlOfTree(database: Database, tree: string): Promise<string> {
  const [row] = await database.rows(`SELECT json_deserialize_sql(${quoteText(tree)}::JSON) AS s`);
  return String(row?.s);
}

/** All values of the dimensions that the keys are made of; null: there are too many. */
async function combinationsSql(
  database: Database,
  grid: GridPlan,
  { columns }: KeyedJoin,
): Promise<string | null> {
  const tables = await dimensionTables(database, grid);
  const used = grid.dimensions
    .map(({ name, size }, index) => ({ name, size, table: tables[index] }))
    .filter(({ name }) => columns.includes(name.toLowerCase()));
  const rows = used.reduce((product, { size }) => product * size, 1);
  if (used.length === 0 || rows > MOST_ROWS) return null;
  const list = used.map(({ name, table }) => `${table}.value AS ${quoteName(name)}`);
  return `SELECT ${list.join(', ')} FROM ${used.map(({ table }) => table).join(', ')}`;
}

async function missingSql(database: Database, { table, keys }: KeyedJoin, asked: string): Promise<string> {
  const types = new Map(
    (await database.describe(`SELECT * FROM ${quoteName(table)}`)).map(({ name, type }) => [
      name.toLowerCase(),
      type,
    ]),
  );
  const names = keys.map(({ column }) => quoteName(column));
  const cast = keys.map(({ column }, index) => {
    const type = types.get(column.toLowerCase()) ?? 'VARCHAR';
    return `TRY_CAST(${names[index]} AS ${type}) AS ${names[index]}`;
  });
  const isThere = names.map((name) => `made.${name} IS NOT NULL`).join(' AND ');
  const isSame = names.map((name) => `own.${name} = made.${name}`).join(' AND ');
  return `SELECT DISTINCT ${names.join(', ')} FROM (SELECT ${cast.join(', ')} FROM (${asked})) AS made
    WHERE ${isThere} AND NOT EXISTS (SELECT 1 FROM ${quoteName(table)} AS own WHERE ${isSame})`;
}

async function countOf(database: Database, table: string): Promise<number> {
  const [counted] = await database.rows(`SELECT count(*) AS n FROM ${table}`);
  return Number(counted?.n);
}
