import { existsSync } from 'node:fs';
import type { ElementType } from '../../core/model.ts';
import type { Plan } from '../../core/plan.ts';
import { quoteName } from '../../core/text/sql.ts';
import { parseSelect } from '../../features/plan-select.ts';
import { findUnstable } from '../../features/unstable-functions.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { FUNCTION_NAMES } from '../../source/duckdb/function-names.ts';
import { syntaxTree } from '../../source/duckdb/syntax-tree.ts';
import { changeOf } from '../../source/files/fingerprint.ts';
import { openShardRows } from '../../source/shard-rows.ts';
import { requiredColumns } from '../feature-columns.ts';

/** A value that the model was given. */
export interface SeenValue {
  readonly column: string;
  readonly type: ElementType;
  /** As text, cast to the type of the model's input. */
  readonly value: string | null;
}

/** The features of one row, or why they cannot be shown. */
export type SeenValues =
  | { readonly values: readonly SeenValue[] }
  | { readonly values: null; readonly why: string };

/**
 * Makes the features of one row again, as its shard made them.
 * @param inputRow from 0
 * @param kept the kept columns of its row in the part, as texts: a row that has others now is another one
 */
export async function seenValues(
  database: Database,
  plan: Plan,
  inputRow: number,
  kept: Readonly<Record<string, string | null>>,
): Promise<SeenValues> {
  const why = (await whyGone(plan)) ?? (await whyOther(database, plan));
  if (why !== null) return { values: null, why };
  const shard = { index: 0, rowStart: inputRow, rowEnd: inputRow + 1 };
  const rows = await openShardRows(database, plan, shard);
  try {
    const features = requiredColumns(plan).filter(({ elementType }) => elementType !== null);
    const names = Object.keys(kept);
    const list = [
      ...features.map(({ sql }, index) => `CAST(${sql} AS VARCHAR) AS f${index}`),
      ...names.map((name, index) => `CAST(${quoteName(name)} AS VARCHAR) AS k${index}`),
    ];
    const [row] = await database.rows(`SELECT ${list.join(', ')} FROM ${rows.from}`);
    const other = names.find((name, index) => row?.[`k${index}`] !== kept[name]);
    if (row === undefined || other !== undefined)
      return { values: null, why: `the input gives another "${other ?? 'row'}" for it now` };
    return {
      values: features.map(({ column, elementType }, index) => ({
        column,
        type: elementType as ElementType,
        value: row[`f${index}`] as string | null,
      })),
    };
  } finally {
    await rows.close();
  }
}

/** Why the rows cannot be read as they were; null: they can. */
async function whyGone({ input, features }: Plan): Promise<string | null> {
  const tables = [...(features.select?.tables ?? []), ...(input.grid?.tables ?? [])];
  for (const source of [...input.sources, ...tables.flatMap(({ sources }) => sources)]) {
    const change = await changeOf(source);
    if (change !== null) return `${source.path} ${change}`;
  }
  if (input.files.every(({ path }) => existsSync(path))) return null;
  return `the typed copy of the ${input.format} input is deleted once a run is committed (a Parquet input needs none)`;
}

/** Why the SELECT may give other values than it did; null: it cannot. */
async function whyOther(database: Database, { input, features }: Plan): Promise<string | null> {
  if (features.select === null) return null;
  if (features.externalAccess)
    return 'features.externalAccess lets the SELECT read what the plan does not name';
  const parsed = parseSelect(await syntaxTree(database, features.select.sql));
  const names = input.columns.map(({ name }) => name);
  // Runs of earlier versions may have been planned with one.
  const found = findUnstable(parsed, FUNCTION_NAMES.unstable, names);
  return found === undefined ? null : `features.select calls ${found}, which gives another result each time`;
}
