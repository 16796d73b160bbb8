import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { SqlCondition, TableCondition } from '../../config/sections/wait-for.ts';
import type { ConditionState } from '../../core/readiness.ts';
import { formatNumber } from '../../core/text/amounts.ts';
import { quoteName, quoteText } from '../../core/text/sql.ts';
import { assertOnlyJobTables, conditionSql, parseCondition } from '../../features/job-sql.ts';
import { NO_NEEDS } from '../../source/csv/staged-columns.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { syntaxTree } from '../../source/duckdb/syntax-tree.ts';
import { fileRowsSql } from '../../source/file-rows.ts';
import { findFiles } from '../../source/files/find-files.ts';
import type { InputOptions } from '../../source/formats/input-options.ts';
import { formatOfFiles } from '../../source/formats/table-formats.ts';
import { duckdbReason } from '../../source/read-error.ts';
import { readTable } from '../../source/resolve-input.ts';

/** A table that conditions look at: its files are looked for anew at each check. */
export interface WaitedTable {
  readonly name: string;
  readonly paths: readonly string[];
  /** How it is read; left out: as a table beside the input is. */
  readonly options?: InputOptions;
}

const PLAIN: InputOptions = { hivePartitioning: 'auto', csv: {}, json: {} };

export interface CheckTablesRequest {
  /** `input` and those of features.tables. */
  readonly tables: readonly WaitedTable[];
  readonly conditions: readonly (TableCondition | SqlCondition)[];
  /** As `features.externalAccess`. */
  readonly externalAccess: boolean;
}

/**
 * Looks at tables and says of each condition whether it is met. What cannot be read, a file that is only half
 * written for example, is not ready yet.
 */
export async function checkTables(
  database: Database,
  { tables, conditions, externalAccess }: CheckTablesRequest,
): Promise<readonly ConditionState[]> {
  const missing = new Map<string, string>();
  const files: string[] = [];
  for (const table of [...tables, ...namedByPath(tables, conditions)]) {
    const made = await makeView(database, table);
    if (typeof made === 'string') missing.set(table.name, made);
    else files.push(...made);
  }
  // From here on SQL of the job runs.
  if (!externalAccess) await database.confine({ folders: [], files });
  const states: ConditionState[] = [];
  for (const [index, condition] of conditions.entries()) {
    const made = await stateOf(database, condition, {
      missing,
      externalAccess,
      names: tables.map(({ name }) => name),
      field: `schedule.waitFor: sql ${index + 1}`,
    });
    states.push(...made);
  }
  return states;
}

/** Tables that a condition names by their path. */
function namedByPath(
  tables: readonly WaitedTable[],
  conditions: CheckTablesRequest['conditions'],
): readonly WaitedTable[] {
  const names = new Set(tables.map(({ name }) => name));
  const paths = new Set(conditions.flatMap((each) => (each.kind === 'table' ? [each.table] : [])));
  return [...paths].filter((path) => !names.has(path)).map((path) => ({ name: path, paths: [path] }));
}

interface Known {
  /** Tables that cannot be read, and why. */
  readonly missing: ReadonlyMap<string, string>;
  readonly names: readonly string[];
  readonly externalAccess: boolean;
  readonly field: string;
}

/** The files of a table that can be read, by the same rules as in a run; else why it cannot. */
async function makeView(
  database: Database,
  { name, paths, options = PLAIN }: WaitedTable,
): Promise<readonly string[] | string> {
  try {
    const sources = await findFiles(paths, options.format);
    const format = options.format ?? formatOfFiles(sources.map(({ path }) => path));
    const folder = await mkdtemp(join(database.temporaryFolder, 'waited-'));
    const read = await readTable(database, {
      ...{ paths, format, options, source: { sources, fingerprint: '' }, needs: NO_NEEDS },
      stagedPath: join(folder, 'table.parquet'),
      // A row that cannot be split is the concern of the run.
      setAside: true,
      stagingRejectsPath: join(folder, 'rejects.parquet'),
    });
    const none = read.columns.map(
      ({ name: column, type }) => `CAST(NULL AS ${type}) AS ${quoteName(column)}`,
    );
    const rows = await fileRowsSql(database, read, { rowStart: 0, rowEnd: read.rows });
    const select = read.rows === 0 ? `SELECT ${none.join(', ')} WHERE false` : rows;
    await database.run(`CREATE OR REPLACE TEMP VIEW ${quoteName(name)} AS ${select}`);
    return sources.map(({ path }) => path);
  } catch (error) {
    return duckdbReason(error);
  }
}

function stateOf(
  database: Database,
  condition: TableCondition | SqlCondition,
  known: Known,
): Promise<readonly ConditionState[]> {
  return condition.kind === 'sql'
    ? sqlState(database, condition.sql, known)
    : tableStates(database, condition, known);
}

async function tableStates(
  database: Database,
  condition: TableCondition,
  { missing }: Known,
): Promise<readonly ConditionState[]> {
  const { table } = condition;
  const why = missing.get(table);
  const states: ConditionState[] = [];
  for (const { text, met, found } of measuresOf(condition)) {
    const sql = `SELECT ${met} AS met, (${found})::VARCHAR AS found FROM ${quoteName(table)}`;
    states.push(
      why !== undefined ? { condition: text, isMet: false, found: why } : await measured(database, text, sql),
    );
  }
  return states;
}

/** What a table condition asks for: in words, as a condition, and what is found instead. */
interface Measure {
  readonly text: string;
  readonly met: string;
  readonly found: string;
}

function measuresOf({ table, rows, column, newest, distinct }: TableCondition): readonly Measure[] {
  const name = quoteName(column ?? '');
  const least = (count: number, sql: string, text: string): Measure => ({
    text,
    met: `${sql} >= ${count}`,
    found: sql,
  });
  return [
    ...(rows === null ? [] : [least(rows, 'count(*)', `${formatNumber(rows, 'row')} in ${table}`)]),
    ...(distinct === null
      ? []
      : [
          least(
            distinct,
            `count(DISTINCT ${name})`,
            `${formatNumber(distinct, 'value')} of ${column} in ${table}`,
          ),
        ]),
    ...(newest === null
      ? []
      : [
          {
            text: `${column} of ${table} up to ${newest}`,
            // Compared in the column's own type; a text that is none of it is an error that says so.
            met: `max(${name}) >= ${quoteText(newest)}`,
            found: `'newest: ' || coalesce(max(${name})::VARCHAR, 'none')`,
          },
        ]),
  ];
}

async function measured(database: Database, condition: string, sql: string): Promise<ConditionState> {
  try {
    const [row] = await database.rows(sql);
    return { condition, isMet: row?.met === true, found: String(row?.found ?? 'null') };
  } catch (error) {
    return { condition, isMet: false, found: duckdbReason(error) };
  }
}

async function sqlState(
  database: Database,
  sql: string,
  { names, externalAccess, field }: Known,
): Promise<readonly ConditionState[]> {
  const condition = sql.replaceAll(/\s+/g, ' ').trim();
  // Before it becomes part of a statement. What is no condition never will be one: that is said at once.
  const tree = parseCondition(await syntaxTree(database, conditionSql(sql)), field, 'JOB_FILE');
  if (!externalAccess) assertOnlyJobTables(tree, { field, code: 'JOB_FILE', tables: names });
  return [
    await measured(database, condition, `SELECT v AS met, v::VARCHAR AS found FROM (SELECT (${sql}\n) AS v)`),
  ];
}
