import { existsSync } from 'node:fs';
import { ServeBatchError } from '../../core/errors.ts';
import type { Plan } from '../../core/plan.ts';
import type { GridPlan } from '../../core/table.ts';
import { quoteFile, quoteName, quoteText } from '../../core/text/sql.ts';
import { parseSelect, passesOn, shapeOfSelect } from '../../features/plan-select.ts';
import type { RunPaths } from '../../runs/layout.ts';
import { keySql } from '../../sinks/kv/kv-batches.ts';
import { keyTextSql } from '../../sinks/value-sql.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { FUNCTION_NAMES } from '../../source/duckdb/function-names.ts';
import { syntaxTree } from '../../source/duckdb/syntax-tree.ts';
import { dimensionTables } from '../../source/grid/grid-rows.ts';
import { INPUT_ROW } from '../../source/input-row.ts';
import { rowsSql } from '../../source/shard-relation.ts';
import { keyColumns } from '../feature-columns.ts';
import { rejectedRows } from '../rejects/rejected-rows.ts';

/** The rows of the input, with their numbers. */
const INPUT = 'serve_batch_live_input';
/** Key, field and input row of each prediction, in order of key and field: DuckDB skips the blocks of other keys. */
const KEYS = 'serve_batch_live_keys';

/** A key that is looked for. */
export interface AskedKey {
  readonly key: string;
  readonly field: string | null;
  readonly columns: Readonly<Record<string, string>>;
}

/** The rows of keys that were found, in the order of the list. */
export interface FoundRows {
  /** Places in the list; those of keys that the run does not have are left out. */
  readonly places: readonly number[];
  /** A relation with the columns of the input and `input_row`: the row's place in `places`. */
  readonly relation: string;
}

/** Where the rows of keys are found. */
export interface KeyRows {
  find(asked: readonly AskedKey[]): Promise<FoundRows>;
}

/**
 * Gets ready to find the rows of keys. Of a table it copies the input, and indexes it by the keys of the parts; of a
 * grid whose dimensions all stand in the key it makes the row from the key.
 */
export async function openKeyRows(database: Database, plan: Plan, paths: RunPaths): Promise<KeyRows> {
  const { grid } = plan.input;
  if (grid !== null && (await isMadeOfKey(database, plan))) return openGridRows(database, grid);
  const rows = { rowStart: 0, rowEnd: plan.input.rows };
  await database.run(
    `CREATE TABLE ${INPUT} AS ${await rowsSql(database, plan.input, rows, { numbered: true })}`,
  );
  await createIndex(database, plan, paths);
  const names = plan.input.columns.map(({ name }) => `t.${quoteName(name)}`).join(', ');
  return {
    async find(asked) {
      const numbers = await inputRowsOf(database, asked);
      const places = [...numbers.keys()].sort((a, b) => a - b);
      const values = places.map((place, row) => `(${row}, ${numbers.get(place)})`);
      return {
        places,
        relation: `(SELECT a.i AS ${INPUT_ROW}, ${names} FROM (VALUES ${values.join(', ')}) a(i, n) JOIN ${INPUT} t ON t.${INPUT_ROW} = a.n)`,
      };
    },
  };
}

/** Whether a row of the input is nothing but the columns of its key. */
async function isMadeOfKey(database: Database, plan: Plan): Promise<boolean> {
  const { input, features } = plan;
  const names = (input.grid?.dimensions ?? []).map(({ name }) => name);
  const keys = keyColumns(plan);
  if (keys.length !== names.length || !names.every((name) => keys.includes(name))) return false;
  if (features.select === null) return true;
  const parsed = parseSelect(await syntaxTree(database, features.select.sql));
  const { inputAlias } = shapeOfSelect(parsed, FUNCTION_NAMES);
  return inputAlias !== null && names.every((name) => passesOn(parsed, inputAlias, name));
}

async function openGridRows(database: Database, grid: GridPlan): Promise<KeyRows> {
  const { dimensions, filter } = grid;
  const known: ReadonlySet<string>[] = [];
  for (const [index, table] of (await dimensionTables(database, grid)).entries()) {
    const text = keyTextSql({ name: 'value', type: dimensions[index]?.type ?? 'VARCHAR' });
    const rows = await database.rows(`SELECT ${text} AS text FROM ${table}`);
    known.push(new Set(rows.map((row) => String(row.text))));
  }
  const textsOf = ({ columns }: AskedKey): readonly string[] =>
    dimensions.map(({ name }) => columns[name] ?? '');
  const relationOf = (asked: readonly AskedKey[]): string => {
    const names = dimensions.map(({ name }) => quoteName(name)).join(', ');
    const values = asked.map((each, row) => {
      const cells = textsOf(each).map(
        (text, index) => `CAST(${textSql(text)} AS ${dimensions[index]?.type})`,
      );
      return `(${[row, ...cells].join(', ')})`;
    });
    return `(SELECT * FROM (VALUES ${values.join(', ')}) a(${INPUT_ROW}, ${names}))`;
  };
  return {
    async find(asked) {
      const isKnown = (each: AskedKey): boolean =>
        textsOf(each).every((text, index) => known[index]?.has(text) === true);
      const places = asked.flatMap((each, place) => (isKnown(each) ? [place] : []));
      const at = (list: readonly number[]) => list.flatMap((place) => asked[place] ?? []);
      if (filter === null || places.length === 0) return { places, relation: relationOf(at(places)) };
      const kept = await database.rows(
        `SELECT ${INPUT_ROW} AS n FROM ${relationOf(at(places))} WHERE (${filter}\n) ORDER BY n`,
      );
      const inGrid = kept.flatMap(({ n }) => places[Number(n)] ?? []);
      return { places: inGrid, relation: relationOf(at(inGrid)) };
    },
  };
}

/** Of keys that several rows share, the last row of the input is the one that the store has. */
async function inputRowsOf(
  database: Database,
  asked: readonly AskedKey[],
): Promise<ReadonlyMap<number, number>> {
  const rows = await database.rows(asked.length > MOST_POINTS ? joinedSql(asked) : pointsSql(asked));
  return new Map(rows.flatMap(({ i, n }) => (n === null ? [] : [[Number(i), Number(n)] as const])));
}

/** More keys than these are joined: planning so many small queries would take longer. */
const MOST_POINTS = 8;

function pointsSql(asked: readonly AskedKey[]): string {
  const each = asked.map(
    ({ key, field }, i) =>
      `SELECT ${i} AS i, max(n) AS n FROM ${KEYS} WHERE k = ${textSql(key)} AND f = ${textSql(field ?? '')}`,
  );
  return each.join(' UNION ALL ');
}

function joinedSql(asked: readonly AskedKey[]): string {
  const values = asked.map(({ key, field }, i) => `(${i}, ${textSql(key)}, ${textSql(field ?? '')})`);
  return `SELECT a.i, max(l.n) AS n FROM (VALUES ${values.join(', ')}) a(i, k, f) JOIN ${KEYS} l ON l.k = a.k AND l.f = a.f GROUP BY a.i`;
}

/** No text of a store has a NUL, and no SQL can. */
function textSql(text: string): string {
  return text.includes('\0') ? 'NULL' : quoteText(text);
}

async function createIndex(database: Database, plan: Plan, paths: RunPaths): Promise<void> {
  const { kv } = plan;
  if (kv === null) throw new TypeError('The run has no key');
  const selects: string[] = [];
  for (const shard of plan.shards) {
    const file = paths.part(shard.index);
    if (!existsSync(file)) throw notAtHand(plan.runId);
    const from = `read_parquet(${quoteFile(file)}, file_row_number = true)`;
    const columns = await database.describe(`SELECT * FROM ${from}`);
    const rejected = await rejectedRows(database, plan, paths, shard);
    if (rejected === null) throw rejectsLeaveOpen(plan.runId);
    const keys = `SELECT ${keySql(kv, columns)}, file_row_number AS place FROM ${from}`;
    selects.push(
      rejected.length === 0
        ? `SELECT k, f, place + ${shard.rowStart} AS n FROM (${keys})`
        : `SELECT k, f, scored.n FROM (${keys}) JOIN (SELECT range AS n, row_number() OVER () - 1 AS place FROM range(${shard.rowStart}, ${shard.rowEnd}) WHERE range NOT IN (${rejected.join(', ')})) scored USING (place)`,
    );
  }
  await database.run(`CREATE TABLE ${KEYS} AS SELECT * FROM (${selects.join(' UNION ALL ')}) ORDER BY k, f`);
}

function notAtHand(runId: string): ServeBatchError {
  return new ServeBatchError(
    'LIVE_UNAVAILABLE',
    `The parts of run ${runId} are not at hand, so that the rows of its keys cannot be found. Serve where the output folder is.`,
    { fields: { runId } },
  );
}

function rejectsLeaveOpen(runId: string): ServeBatchError {
  return new ServeBatchError(
    'LIVE_UNAVAILABLE',
    `Run ${runId} rejected rows of an input of several files that were copied into one: its other rows cannot be told by their keys any more. Mend the rows, or write the input as one file, and run again.`,
    { fields: { runId } },
  );
}
