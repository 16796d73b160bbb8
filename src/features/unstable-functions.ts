import { ServeBatchError } from '../core/errors.ts';
import { type SqlNode, walk } from './sql-tree.ts';

/** Functions that are written without parentheses, as columns are. */
const BARE = new Set(['current_date', 'current_time', 'current_timestamp', 'localtime', 'localtimestamp']);

/**
 * The first function of a SELECT that may give another result when it is called again; undefined: there is none.
 * @param columns of the input: a column goes before a function that is called like it
 */
export function findUnstable(
  parsed: SqlNode,
  unstable: ReadonlySet<string>,
  columns: readonly string[],
): string | undefined {
  const known = new Set(columns.map((name) => name.toLowerCase()));
  for (const node of walk(parsed, () => true)) {
    const called = node.class === 'FUNCTION' ? String(node.function_name).toLowerCase() : bareName(node);
    if (called !== null && unstable.has(called) && !(node.class === 'COLUMN_REF' && known.has(called)))
      return called;
  }
  return undefined;
}

function bareName({ class: kind, column_names: names }: SqlNode): string | null {
  if (kind !== 'COLUMN_REF' || !Array.isArray(names) || names.length !== 1) return null;
  const name = String(names[0]).toLowerCase();
  return BARE.has(name) ? name : null;
}

/**
 * Throws `code`: what is computed shard by shard, again after a crash, and on other machines has to be the same each
 * time, or the rows of one run do not fit each other.
 */
export function assertStable(
  found: string | undefined,
  { field, code }: { readonly field: string; readonly code: 'FEATURES_SELECT' | 'INPUT_GRID' },
): void {
  if (found === undefined) return;
  throw new ServeBatchError(
    code,
    `${field} calls ${found}, which gives another result each time: shards that are computed later, or again, would not fit the others. For the time of the run write '{{ run.date }}' or '{{ occurrence }}', and for chance a function of the row, such as hash(id).`,
    { fields: { field, found } },
  );
}
