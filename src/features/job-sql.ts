import { ServeBatchError } from '../core/errors.ts';
import { parseLossless } from './lossless-json.ts';
import { type SqlNode, walk, whyNoTree, withQueries } from './sql-tree.ts';

/** A piece of SQL that a job file holds: what it is called in messages, and the tables that it may read. */
export interface JobSql {
  /** `features.select`, `input.filter`, `schedule.waitFor[0].sql`. */
  readonly field: string;
  readonly code: 'FEATURES_SELECT' | 'INPUT_GRID' | 'JOB_FILE';
  readonly tables: readonly string[];
}

/** Table functions that make rows of their arguments, and read nothing. */
const MAKES_ROWS = new Set([
  'generate_series',
  'json_each',
  'json_tree',
  'range',
  'repeat',
  'repeat_row',
  'unnest',
]);

/** A table of this name cannot be taken for a file: DuckDB reads `FROM 'x.csv'` where no table is called so. */
const PLAIN_NAME = /^[\p{L}\p{N}_$ -]+$/u;

/**
 * Throws where SQL reads anything but the tables that the job names: a file, a URL, or a table of DuckDB
 * itself. Statements that write, attach, install or set have no syntax tree and do not come so far.
 */
export function assertOnlyJobTables(tree: unknown, sql: JobSql): void {
  const nodes = [...walk(tree, () => true)];
  const known = new Set([
    ...sql.tables.map((name) => name.toLowerCase()),
    ...nodes.flatMap((node) => withQueries(node).map(({ name }) => name)),
  ]);
  for (const node of nodes) {
    const found = foreign(node, known);
    if (found !== null) throw foreignError(found, sql);
  }
}

function foreign(node: SqlNode, known: ReadonlySet<string>): string | null {
  if (node.type === 'TABLE_FUNCTION') {
    const { function_name: name } = node.function as SqlNode;
    return MAKES_ROWS.has(String(name).toLowerCase()) ? null : `${String(name)}(...)`;
  }
  if (node.type === 'SHOW_REF') return 'DESCRIBE, SHOW or SUMMARIZE';
  if (node.type !== 'BASE_TABLE') return null;
  const path = [node.catalog_name, node.schema_name, node.table_name].map(String).filter(Boolean);
  const name = path.at(-1) ?? '';
  const isKnown = path.length === 1 && known.has(name.toLowerCase()) && PLAIN_NAME.test(name);
  return isKnown ? null : `the table "${path.join('.')}"`;
}

function foreignError(found: string, { field, code, tables }: JobSql): ServeBatchError {
  return new ServeBatchError(
    code,
    `${field} reads ${found}; expected the tables ${tables.join(', ')} and what range or unnest makes. Name a file in features.tables and read it by that name. Where the job file is trusted with every file that this user can read, set features.externalAccess: true.`,
    { fields: { field, found } },
  );
}

/**
 * The tree of what is meant to be one SELECT, of what `json_serialize_sql` said of it. Throws `JOB_FILE` where it is
 * anything else, or several.
 * @param expected what the message says should stand there, as a sentence without its full stop
 */
export function parseOneSelect(
  serialized: string,
  { field, expected }: { readonly field: string; readonly expected: string },
): SqlNode {
  const tree = parseLossless(serialized) as SqlNode;
  const statements = Array.isArray(tree.statements) ? tree.statements : [];
  if (tree.error !== true && statements.length === 1) return tree;
  const reason = tree.error === true ? `: ${whyNoTree(tree)}` : '';
  throw new ServeBatchError('JOB_FILE', `${field} cannot be read${reason}. ${expected}.`, {
    fields: { field },
  });
}

/**
 * The tree of what is meant to be one SQL condition, of what `json_serialize_sql` said of {@link conditionSql}.
 * Throws `code` where it is anything else: a condition that closes its own brackets could be followed by any statement.
 */
export function parseCondition(
  serialized: string,
  field: string,
  code: JobSql['code'] = 'INPUT_GRID',
): SqlNode {
  const parsed = parseLossless(serialized) as SqlNode;
  const statements = Array.isArray(parsed.statements) ? (parsed.statements as readonly SqlNode[]) : [];
  const node = statements.length === 1 ? (statements[0]?.node as SqlNode) : undefined;
  if (node !== undefined && isOneExpression(node)) return node;
  const reason = parsed.error === true ? `: ${whyNoTree(parsed)}` : '';
  throw new ServeBatchError(
    code,
    `${field} is not one SQL condition${reason}. Expected an expression that is true or false, such as store <> 7.`,
  );
}

/** A SELECT of nothing but a condition. The newline ends a comment in it. */
export function conditionSql(condition: string): string {
  return `SELECT (${condition}\n)`;
}

/** A SELECT of nothing but a type, for {@link isOneType}. */
export function typeSql(type: string): string {
  return `SELECT CAST(NULL AS ${type}\n)`;
}

/** Whether a text is the name of a type, and of nothing that could follow one. */
export function isOneType(serialized: string): boolean {
  const parsed = parseLossless(serialized) as SqlNode;
  const statements = Array.isArray(parsed.statements) ? (parsed.statements as readonly SqlNode[]) : [];
  const node = statements.length === 1 ? (statements[0]?.node as SqlNode) : undefined;
  if (node === undefined || !isOneExpression(node)) return false;
  const [cast] = node.select_list as readonly SqlNode[];
  return cast?.class === 'CAST' && (cast.child as SqlNode).class === 'CONSTANT' && cast.alias === '';
}

function isOneExpression(node: SqlNode): boolean {
  const { select_list: list, modifiers, from_table: from, where_clause, having, qualify, sample } = node;
  return (
    node.type === 'SELECT_NODE' &&
    Array.isArray(list) &&
    list.length === 1 &&
    (from as SqlNode).type === 'EMPTY' &&
    [where_clause, having, qualify, sample].every((each) => each === null) &&
    Array.isArray(modifiers) &&
    modifiers.length === 0 &&
    (node.group_expressions as readonly unknown[]).length === 0
  );
}
