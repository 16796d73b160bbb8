/** DuckDB's syntax tree of a statement, as `json_serialize_sql` gives it. */
export type SqlNode = { readonly [key: string]: unknown };

/** The WITH queries of a SELECT, their names in lower case. */
export function withQueries(node: SqlNode): { name: string; query: unknown }[] {
  const map = (node.cte_map as SqlNode | undefined)?.map;
  if (!Array.isArray(map)) return [];
  return map.map(({ key, value }: SqlNode) => ({ name: String(key).toLowerCase(), query: value }));
}

/** All objects of a tree, a node before what is in it; does not enter those that `enters` refuses. */
export function* walk(value: unknown, enters: (node: SqlNode) => boolean): Generator<SqlNode> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) {
    const node = value as SqlNode;
    if (!enters(node)) return;
    yield node;
  }
  for (const inner of Object.values(value)) yield* walk(inner, enters);
}

/** Why DuckDB made no tree, for people: it speaks of its own function where a statement is no SELECT. */
export function whyNoTree({ error_message: said }: SqlNode): string {
  const reason = String(said);
  return reason.startsWith('Only SELECT statements can be') ? 'a statement in it is not a SELECT' : reason;
}
