import type { SqlGate } from '../core/gates.ts';
import type { Plan } from '../core/plan.ts';
import type { NamedTable } from '../core/table.ts';
import { assertOnlyJobTables, parseOneSelect } from '../features/job-sql.ts';
import { parseLossless } from '../features/lossless-json.ts';
import { type SqlNode, walk } from '../features/sql-tree.ts';
import type { Database } from '../source/duckdb/database.ts';
import { syntaxTree } from '../source/duckdb/syntax-tree.ts';

/** What the SELECT of a gate may read, besides the tables of `features.tables`. */
export const GATE_VIEWS = ['run', 'previous', 'features', 'previous_features', 'input'] as const;
export type GateView = (typeof GATE_VIEWS)[number];

/** The views among {@link GATE_VIEWS} that a SELECT reads. */
export async function viewsOf(database: Database, { select }: SqlGate): Promise<ReadonlySet<GateView>> {
  const tree = await treeOf(database, select);
  const names = new Set(
    [...walk(tree, () => true)].map(({ table_name: name }) => String(name ?? '').toLowerCase()),
  );
  return new Set(GATE_VIEWS.filter((view) => names.has(view)));
}

/** Throws `JOB_FILE` where the text is more than one SELECT, or reads tables that the job does not name. */
export async function assertGateSelect(
  database: Database,
  { name, select }: SqlGate,
  { tables, externalAccess }: { readonly tables: readonly string[]; readonly externalAccess: boolean },
): Promise<void> {
  const field = `publish.gates: the SELECT of the gate "${name}"`;
  const tree = parseOneSelect(await syntaxTree(database, select), {
    field,
    expected: `Expected one SELECT of wrong rows, or of one condition, over ${GATE_VIEWS.join(', ')}`,
  });
  if (externalAccess) return;
  assertOnlyJobTables(tree, { field, code: 'JOB_FILE', tables: [...GATE_VIEWS, ...tables] });
}

async function treeOf(database: Database, select: string): Promise<SqlNode> {
  return parseLossless(await syntaxTree(database, select)) as SqlNode;
}

/** The tables of `features.select` whose names are none of {@link GATE_VIEWS}. */
export function jobTables({ features }: Pick<Plan, 'features'>): readonly NamedTable[] {
  const views: readonly string[] = GATE_VIEWS;
  return (features.select?.tables ?? []).filter(({ name }) => !views.includes(name.toLowerCase()));
}
