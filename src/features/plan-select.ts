import { ServeBatchError } from '../core/errors.ts';
import { parseLossless, stringifyLossless } from './lossless-json.ts';

/** DuckDB's syntax tree of a statement, as `json_serialize_sql` gives it. */
type SqlNode = { readonly [key: string]: unknown };

export interface SelectShape {
  /** How the SELECT calls the table `input` in its own FROM; null where it stands deeper, in a subquery. */
  readonly inputAlias: string | null;
  /** Whether the rows certainly come in the order of the input: nothing is joined. */
  readonly keepsOrder: boolean;
}

/** What `json_serialize_sql` said of `features.select`. Throws `FEATURES_SELECT` unless it is one SELECT. */
export function parseSelect(serialized: string): SqlNode {
  const parsed = parseLossless(serialized) as SqlNode;
  if (parsed.error === true)
    throw new ServeBatchError(
      'FEATURES_SELECT',
      `features.select cannot be read: ${String(parsed.error_message)}. Expected one SELECT over the table input, in DuckDB's SQL.`,
    );
  const statements = parsed.statements as readonly SqlNode[];
  if (statements.length !== 1 || selectNode(parsed).type !== 'SELECT_NODE')
    throw new ServeBatchError(
      'FEATURES_SELECT',
      'features.select must be one SELECT with one FROM (no UNION, no second statement). Put the rest into subqueries.',
    );
  return parsed;
}

/** Throws `FEATURES_SELECT` where the SELECT cannot work on one shard at a time. */
export function shapeOfSelect(parsed: SqlNode): SelectShape {
  const node = selectNode(parsed);
  const inputAlias = findInput(node.from_table);
  if (inputAlias !== null) assertRowByRow(node);
  const from = node.from_table as SqlNode | undefined;
  return { inputAlias, keepsOrder: from?.type === 'BASE_TABLE' };
}

/** The same SELECT with further columns of `input` in its list, for `json_deserialize_sql`. */
export function addInputColumns(parsed: SqlNode, inputAlias: string, columns: readonly string[]): string {
  const added = columns.map((column) => ({
    class: 'COLUMN_REF',
    type: 'COLUMN_REF',
    alias: '',
    query_location: 0,
    column_names: [inputAlias, column],
  }));
  const [statement] = parsed.statements as readonly SqlNode[];
  const node = selectNode(parsed);
  const list = node.select_list as readonly SqlNode[];
  return stringifyLossless({
    ...parsed,
    statements: [{ ...statement, node: { ...node, select_list: [...list, ...added] } }],
  });
}

function selectNode(parsed: SqlNode): SqlNode {
  const [statement] = parsed.statements as readonly SqlNode[];
  return (statement?.node ?? {}) as SqlNode;
}

function findInput(from: unknown): string | null {
  if (typeof from !== 'object' || from === null) return null;
  const node = from as SqlNode;
  if (node.type === 'BASE_TABLE' && String(node.table_name).toLowerCase() === 'input')
    return node.alias === '' ? String(node.table_name) : String(node.alias);
  if (node.type !== 'JOIN') return null;
  return findInput(node.left) ?? findInput(node.right);
}

/** Windows and groups would see one shard, not the table, and give other results with other shards. */
function assertRowByRow(node: SqlNode): void {
  const found = containsWindow(node.select_list)
    ? 'a window function (OVER)'
    : Array.isArray(node.group_expressions) && node.group_expressions.length > 0
      ? 'GROUP BY'
      : Array.isArray(node.modifiers) &&
          node.modifiers.some((each: SqlNode) => each.type !== 'ORDER_MODIFIER')
        ? 'DISTINCT or LIMIT'
        : null;
  if (found === null) return;
  throw new ServeBatchError(
    'FEATURES_SELECT',
    `features.select has ${found} over input, but it sees only one shard of the rows at a time. Compute that beforehand and join it through features.tables.`,
  );
}

function containsWindow(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(containsWindow);
  if (typeof value !== 'object' || value === null) return false;
  const node = value as SqlNode;
  if (node.class === 'WINDOW') return true;
  // A subquery reads its own tables.
  if (node.class === 'SUBQUERY') return false;
  return Object.values(node).some(containsWindow);
}
