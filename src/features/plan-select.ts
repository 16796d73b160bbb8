import { ServeBatchError } from '../core/errors.ts';
import { parseLossless, stringifyLossless } from './lossless-json.ts';
import { assertRowByRow } from './row-by-row.ts';
import { type SqlNode, walk, whyNoTree, withQueries } from './sql-tree.ts';

export interface SelectShape {
  /** How the SELECT calls the table `input` in its own FROM; null where it stands deeper, in a subquery. */
  readonly inputAlias: string | null;
  /** Whether the rows certainly come in the order of the input: nothing is joined. */
  readonly keepsOrder: boolean;
  /** Whether each row is certainly made of one row of the input. */
  readonly isProjection: boolean;
}

/** Names of DuckDB's functions, in lower case. */
export interface FunctionNames {
  readonly aggregates: ReadonlySet<string>;
  /** Those that give another result when they are called again: `random`, `now`. */
  readonly unstable: ReadonlySet<string>;
}

/** What `json_serialize_sql` said of `features.select`. Throws `FEATURES_SELECT` unless it is one SELECT. */
export function parseSelect(serialized: string): SqlNode {
  const parsed = parseLossless(serialized) as SqlNode;
  if (parsed.error === true)
    throw new ServeBatchError(
      'FEATURES_SELECT',
      `features.select cannot be read: ${whyNoTree(parsed)}. Expected one SELECT over the table input, in DuckDB's SQL.`,
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
export function shapeOfSelect(
  parsed: SqlNode,
  { aggregates }: Pick<FunctionNames, 'aggregates'>,
): SelectShape {
  const node = selectNode(parsed);
  assertRowByRow(node, aggregates);
  const from = node.from_table as SqlNode | undefined;
  const keepsOrder = from?.type === 'BASE_TABLE';
  return { inputAlias: findInput(from), keepsOrder, isProjection: keepsOrder && isProjection(node) };
}

function isProjection(node: SqlNode): boolean {
  if (findInput(node.from_table) === null || node.where_clause !== null) return false;
  if (withQueries(node).length > 0 || (node.modifiers as readonly SqlNode[]).length > 0) return false;
  for (const each of walk(node.select_list, () => true)) {
    if (each.class === 'SUBQUERY') return false;
    if (String(each.function_name ?? '').toLowerCase() === 'unnest') return false;
  }
  return true;
}

/**
 * Throws `FEATURES_SELECT` where the SELECT makes two columns of one name: `SELECT *, f(x) AS x` has the old x
 * and the new one, and DuckDB would take the old one. Upper and lower case do not matter, as in SQL.
 */
export function assertDistinct(names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name.toLowerCase()))
      throw new ServeBatchError(
        'FEATURES_SELECT',
        `features.select makes the column "${name}" twice, and only one can be used. To replace a column of the input, write SELECT * REPLACE (... AS "${name}") FROM input; otherwise give one of them another name.`,
        { fields: { column: name } },
      );
    seen.add(name.toLowerCase());
  }
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

/** Whether the SELECT has a column of `input` as it is, by its name or by a star, rather than something so named. */
export function passesOn(parsed: SqlNode, inputAlias: string, column: string): boolean {
  const isMeant = (name: unknown): boolean => String(name).toLowerCase() === column.toLowerCase();
  const isInput = (table: unknown): boolean =>
    table === undefined || table === '' || String(table).toLowerCase() === inputAlias.toLowerCase();
  const list = selectNode(parsed).select_list as readonly SqlNode[];
  const isIt = (node: SqlNode): boolean => {
    if (node.class !== 'COLUMN_REF') return false;
    const names = node.column_names as readonly unknown[];
    return isMeant(names.at(-1)) && isInput(names.at(-2));
  };
  const isStar = (node: SqlNode): boolean => {
    const replaced = (node.replace_list ?? []) as readonly { readonly key: unknown }[];
    return node.class === 'STAR' && isInput(node.relation_name) && !replaced.some(({ key }) => isMeant(key));
  };
  const isOther = (node: SqlNode): boolean => isMeant(node.alias) && !isIt(node);
  return list.some((node) => isIt(node) || isStar(node)) && !list.some(isOther);
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
