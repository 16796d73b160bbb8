import { ServeBatchError } from '../core/errors.ts';
import { type SqlNode, walk, withQueries } from './sql-tree.ts';

/**
 * Throws `FEATURES_SELECT` where a SELECT cannot work on one shard at a time: wherever it reads `input`, also in
 * subqueries, it must do so row by row, and none of its rows may be made of two rows of `input`.
 */
export function assertRowByRow(root: SqlNode, aggregates: ReadonlySet<string>): void {
  const readers = inputReaders(root);
  const found =
    [...walk(root, () => true)].map((node) => acrossRows(node, readers, aggregates)).find(Boolean) ??
    (readsOf(root, readers) > 1 ? 'two reads of input in one row' : null);
  if (found === null) return;
  throw new ServeBatchError(
    'FEATURES_SELECT',
    `features.select has ${found}, but it sees only one shard of the rows at a time. Compute that beforehand and join it through features.tables; the file of the input may be named there, too.`,
  );
}

/** By the names under which rows of `input` are read, in lower case: the WITH query; null for `input` itself. */
type Readers = ReadonlyMap<string, unknown>;

function inputReaders(root: SqlNode): Readers {
  const readers = new Map<string, unknown>([['input', null]]);
  const queries = [...walk(root, () => true)].flatMap((node) => withQueries(node));
  for (let before = 0; before !== readers.size; ) {
    before = readers.size;
    for (const { name, query } of queries)
      if (!readers.has(name) && readsAny(query, readers)) readers.set(name, query);
  }
  return readers;
}

function readsAny(value: unknown, readers: Readers): boolean {
  for (const node of walk(value, () => true)) if (isReader(node, readers)) return true;
  return false;
}

function isReader(node: SqlNode, readers: Readers): boolean {
  return node.type === 'BASE_TABLE' && readers.has(nameOf(node));
}

function nameOf(table: SqlNode): string {
  return String(table.table_name).toLowerCase();
}

/** What of a node looks at several rows of `input`; null: nothing. */
function acrossRows(node: SqlNode, readers: Readers, aggregates: ReadonlySet<string>): string | null {
  if (isSelect(node) && readsAny(node.from_table, readers)) {
    const found = notRowByRow(node, aggregates);
    return found === null ? null : `${found} over input`;
  }
  if (node.class === 'SUBQUERY' && readsAny(node.subquery, readers))
    return 'a subquery that looks into input';
  if (node.type === 'PIVOT' && readsAny(node, readers)) return 'a pivot of input';
  const isByPlace = node.type === 'JOIN' && node.ref_type === 'POSITIONAL';
  return isByPlace && readsAny(node, readers) ? 'a positional join of input' : null;
}

/** Windows, groups and limits would see one shard, not the table, and give other results with other shards. */
function notRowByRow(node: SqlNode, aggregates: ReadonlySet<string>): string | null {
  const { from_table: _, cte_map: __, ...own } = node;
  for (const each of walk(Object.values(own), (inner) => !isSelect(inner))) {
    if (each.class === 'WINDOW') return 'a window function (OVER)';
    const name = String(each.function_name ?? '').toLowerCase();
    if (each.class === 'FUNCTION' && aggregates.has(name)) return `the aggregate ${name}()`;
  }
  const { group_expressions: groups, modifiers } = node;
  const isGroupByAll = node.aggregate_handling === 'FORCE_AGGREGATES';
  if (isGroupByAll || (Array.isArray(groups) && groups.length > 0)) return 'GROUP BY';
  if (Array.isArray(modifiers) && modifiers.some((each: SqlNode) => each.type !== 'ORDER_MODIFIER'))
    return 'DISTINCT or LIMIT';
  const isSampled = [node, ...walk(node.from_table, (inner) => !isSelect(inner))].some(
    (each) => each.sample != null,
  );
  return isSampled ? 'a sample' : null;
}

function isSelect(node: SqlNode): boolean {
  return node.type === 'SELECT_NODE';
}

/** How many rows of `input` a row that comes out of a query may be made of. */
function readsOf(value: unknown, readers: Readers, within: ReadonlySet<string> = new Set()): number {
  if (typeof value !== 'object' || value === null) return 0;
  const node = value as SqlNode;
  if (isReader(node, readers)) return readsOfTable(nameOf(node), readers, within);
  // What a WITH query reads counts where its name stands.
  const { cte_map: _, ...own } = node;
  const reads = Object.values(own).map((inner) => readsOf(inner, readers, within));
  const isUnion = node.type === 'SET_OPERATION_NODE' && node.setop_all === true;
  return isUnion ? Math.max(...reads) : reads.reduce((sum, each) => sum + each, 0);
}

function readsOfTable(name: string, readers: Readers, within: ReadonlySet<string>): number {
  const query = readers.get(name) ?? null;
  if (query === null) return 1;
  // A recursive query reads the rows that it has made.
  return within.has(name) ? 1 : readsOf(query, readers, new Set([...within, name]));
}
