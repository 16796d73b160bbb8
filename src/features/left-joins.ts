import { stringifyLossless } from './lossless-json.ts';
import { type SqlNode, walk, withQueries } from './sql-tree.ts';

/** A table that a SELECT joins to `input` by values of the row alone, and of whose key it takes nothing else. */
export interface KeyedJoin {
  /** The table's node in the tree. */
  readonly node: SqlNode;
  readonly table: string;
  readonly keys: readonly JoinKey[];
  /** The columns of `input` that the keys are made of, in lower case. */
  readonly columns: readonly string[];
}

export interface JoinKey {
  /** Of the table. */
  readonly column: string;
  /** What it has to be equal to, over `input`. */
  readonly value: SqlNode;
}

/** What a join is looked at with. */
interface Surroundings {
  readonly root: SqlNode;
  readonly input: string;
  /** Columns of `input`, in lower case. */
  readonly columns: ReadonlySet<string>;
}

/**
 * The joins of a SELECT that give the same rows where their table has more keys, with nulls beside them: left joins by
 * equality, of whose key no other part of the SELECT knows. None where that is not plain to see.
 */
export function keyedJoins(
  parsed: SqlNode,
  inputAlias: string,
  columns: readonly string[],
): readonly KeyedJoin[] {
  const root = nodeOf(parsed);
  const nodes = [...walk(root, () => true)];
  const isPlain =
    nodes.filter(({ type }) => type === 'SELECT_NODE').length === 1 &&
    nodes.every((node) => !hidesColumns(node)) &&
    withQueries(root).length === 0;
  if (!isPlain) return [];
  const around = { root, input: lower(inputAlias), columns: new Set(columns.map(lower)) };
  return joinsOf(root.from_table as SqlNode).flatMap((join) => keyedJoin(join, around) ?? []);
}

/** The same SELECT over other tables, for `json_deserialize_sql`. */
export function withTables(parsed: SqlNode, tables: ReadonlyMap<SqlNode, string>): string {
  const replaced = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(replaced);
    if (typeof value !== 'object' || value === null) return value;
    const node = value as SqlNode;
    const table = tables.get(node);
    if (table !== undefined) return { ...node, table_name: table, alias: nameOf(node) };
    return Object.fromEntries(Object.entries(node).map(([name, inner]) => [name, replaced(inner)]));
  };
  return stringifyLossless(replaced(parsed));
}

/** A SELECT of the keys that rows of `input` ask for, under the names of the table's columns. */
export function keysSelect(parsed: SqlNode, { keys }: KeyedJoin): string {
  const [statement] = parsed.statements as readonly SqlNode[];
  const node = nodeOf(parsed);
  const list = keys.map(({ column, value }) => ({ ...value, alias: column }));
  const own = { ...node, select_list: list, from_table: inputOf(node.from_table as SqlNode) };
  const bare = { ...own, where_clause: null, modifiers: [] };
  return stringifyLossless({ ...parsed, statements: [{ ...statement, node: bare }] });
}

function keyedJoin(join: SqlNode, around: Surroundings): KeyedJoin | null {
  const table = join.right as SqlNode;
  const isKeyed = join.join_type === 'LEFT' && join.ref_type === 'REGULAR' && isWhole(table);
  const keys = isKeyed ? keysOf(join, around) : null;
  if (keys === null || isKnownElsewhere(join, keys, around)) return null;
  const columns = new Set(keys.flatMap(({ value }) => refsIn(value).map((names) => lower(names.at(-1)))));
  return { node: table, table: String(table.table_name), keys, columns: [...columns] };
}

/** Null: the condition is anything else than equality of the table's columns with values of the row. */
function keysOf(join: SqlNode, around: Surroundings): readonly JoinKey[] | null {
  const using = join.using_columns as readonly string[];
  const keys =
    using.length > 0
      ? using.map((column) => usingKey(column, around))
      : conjuncts(join.condition as SqlNode).map((each) =>
          equalKey(each, nameOf(join.right as SqlNode), around),
        );
  return keys.every((key) => key !== null) ? keys : null;
}

function usingKey(column: string, { input, columns }: Surroundings): JoinKey | null {
  const value = { class: 'COLUMN_REF', type: 'COLUMN_REF', alias: '', query_location: 0 };
  return columns.has(lower(column)) ? { column, value: { ...value, column_names: [input, column] } } : null;
}

function equalKey({ type, left, right }: SqlNode, table: string, around: Surroundings): JoinKey | null {
  if (type !== 'COMPARE_EQUAL') return null;
  const sides = [left as SqlNode, right as SqlNode] as const;
  for (const [own, value] of [sides, [sides[1], sides[0]] as const]) {
    const [[owner, column, ...more] = []] = own.class === 'COLUMN_REF' ? refsIn(own) : [];
    const isOwn = column !== undefined && more.length === 0 && lower(owner) === lower(table);
    if (isOwn && isOfInput(value, around)) return { column, value };
  }
  return null;
}

function isOfInput(value: SqlNode, { input, columns }: Surroundings): boolean {
  return refsIn(value).every(
    ([owner, column, ...more]) =>
      lower(owner) === input && column !== undefined && columns.has(lower(column)) && more.length === 0,
  );
}

/** Whether a key of the table is, or may be, named anywhere but in the condition of its join. */
function isKnownElsewhere(join: SqlNode, keys: readonly JoinKey[], { root }: Surroundings): boolean {
  const own = lower(nameOf(join.right as SqlNode));
  const names = new Set(keys.map(({ column }) => lower(column)));
  // Of columns that are joined by USING, the plain name is that of the row.
  const isUsing = (join.using_columns as readonly string[]).length > 0;
  const isKey = (path: readonly string[]): boolean =>
    path.some((name, at) => name === own && (at === path.length - 1 || names.has(path[at + 1] ?? ''))) ||
    (!isUsing && names.has(path[0] ?? ''));
  const outside = [...walk(root, (node) => node !== join.condition)];
  return outside.some((node) => {
    if (node.class === 'COLUMN_REF') return isKey((node.column_names as readonly string[]).map(lower));
    if (node.class === 'STAR') return lower(node.relation_name) === own;
    return !isUsing && node.type === 'JOIN' && usesAny(node, names) && hasAtLeft(node, join);
  });
}

function usesAny({ using_columns: columns }: SqlNode, names: ReadonlySet<string>): boolean {
  return (columns as readonly string[]).some((name) => names.has(lower(name)));
}

/** Whether a join has another one at its left. */
function hasAtLeft({ left }: SqlNode, join: SqlNode): boolean {
  return left === join || ((left as SqlNode).type === 'JOIN' && hasAtLeft(left as SqlNode, join));
}

/** A star of all tables, the number of a row in its table, a column by its place: what they mean is not said. */
function hidesColumns(node: SqlNode): boolean {
  if (node.class === 'STAR') return String(node.relation_name ?? '') === '';
  if (node.class === 'COLUMN_REF') return lower((node.column_names as readonly string[]).at(-1)) === 'rowid';
  return node.class === 'SUBQUERY' || node.class === 'POSITIONAL_REFERENCE';
}

/** Of FROM, the joins at the left of which `input` stands, one within the other. */
function joinsOf(from: SqlNode): readonly SqlNode[] {
  return from.type === 'JOIN' ? [...joinsOf(from.left as SqlNode), from] : [];
}

function inputOf(from: SqlNode): SqlNode {
  return from.type === 'JOIN' ? inputOf(from.left as SqlNode) : from;
}

function isWhole({ type, sample, column_name_alias: renamed }: SqlNode): boolean {
  return type === 'BASE_TABLE' && sample === null && (renamed as readonly unknown[]).length === 0;
}

function conjuncts(condition: SqlNode): readonly SqlNode[] {
  if (condition.type !== 'CONJUNCTION_AND') return [condition];
  return (condition.children as readonly SqlNode[]).flatMap(conjuncts);
}

function refsIn(value: SqlNode): readonly (readonly string[])[] {
  return [...walk(value, () => true)]
    .filter((node) => node.class === 'COLUMN_REF')
    .map((node) => node.column_names as readonly string[]);
}

function nodeOf(parsed: SqlNode): SqlNode {
  const [statement] = parsed.statements as readonly SqlNode[];
  return (statement?.node ?? {}) as SqlNode;
}

function nameOf({ alias, table_name: name }: SqlNode): string {
  return alias === '' ? String(name) : String(alias);
}

function lower(name: unknown): string {
  return String(name ?? '').toLowerCase();
}
