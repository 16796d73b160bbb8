import type { Plan, SelectPlan } from '../../core/plan.ts';
import type { GridPlan } from '../../core/table.ts';
import { keyedJoins, keysSelect, withTables } from '../../features/left-joins.ts';
import { parseSelect, shapeOfSelect } from '../../features/plan-select.ts';
import type { SqlNode } from '../../features/sql-tree.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { FUNCTION_NAMES } from '../../source/duckdb/function-names.ts';
import { syntaxTree } from '../../source/duckdb/syntax-tree.ts';
import { createFeatureTables } from '../../source/tables/feature-tables.ts';
import { completeTable, sqlOfTree } from './complete-table.ts';

/** What a database has, for the plan that it works for. */
interface InOrder {
  readonly plan: Plan;
  readonly select: SelectPlan | null;
}

const MADE = new WeakMap<Database, InOrder>();

/**
 * `features.select` of a grid in a form whose rows most likely come in the order of the grid, and need not be sorted;
 * null: there is none. Whoever reads them has to look.
 *
 * DuckDB gives the rows of a left join as they are asked for, but those that find nothing after the others of a chunk.
 * So a small table that lacks keys is read from a copy that has them all.
 */
export async function selectInOrder(database: Database, plan: Plan): Promise<SelectPlan | null> {
  const known = MADE.get(database);
  if (known?.plan === plan) return known.select;
  const select = await makeSelect(database, plan);
  MADE.set(database, { plan, select });
  return select;
}

/** The rows came in another order: most likely those of the plan's other shards do, too. */
export function giveUpOrder(database: Database, plan: Plan): void {
  MADE.set(database, { plan, select: null });
}

async function makeSelect(database: Database, { input, features }: Plan): Promise<SelectPlan | null> {
  const { select } = features;
  const { grid } = input;
  // What a filter leaves of a chunk is less than one.
  if (select === null || !select.sort || grid === null || grid.blocks !== null) return null;
  await createFeatureTables(database, select.tables);
  // Keys may fail for combinations of which no row is asked here: the shard that has them says so.
  return withCompleteTables(database, grid, select).catch(() => null);
}

async function withCompleteTables(
  database: Database,
  grid: GridPlan,
  select: SelectPlan,
): Promise<SelectPlan> {
  const parsed = parseSelect(await syntaxTree(database, select.sql));
  const { inputAlias } = shapeOfSelect(parsed, FUNCTION_NAMES);
  const names = grid.dimensions.map(({ name }) => name);
  const complete = new Map<SqlNode, string>();
  for (const [index, join] of keyedJoins(parsed, inputAlias ?? '', names).entries()) {
    const request = { join, keysTree: keysSelect(parsed, join), name: `serve_batch_complete_${index}` };
    const table = await completeTable(database, grid, request);
    if (table !== null) complete.set(join.node, table);
  }
  return { ...select, sql: await sqlOfTree(database, withTables(parsed, complete)), sort: false };
}
