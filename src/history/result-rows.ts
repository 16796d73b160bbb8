import { type DuckDBConnection, type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';

/** How lists and structs are written: as DuckDB writes them, or as JSON. */
export type ValueText = 'plain' | 'json';

/** What a value of a column looks like in JSON. */
export type ColumnKind = 'number' | 'boolean' | 'text' | 'json';

export interface ResultColumn {
  readonly name: string;
  readonly kind: ColumnKind;
}

/** Rows as text; null stays null. */
export interface ResultRows {
  readonly columns: readonly ResultColumn[];
  /** Some thousand rows at a time: DuckDB goes on only when they are taken. */
  readonly chunks: AsyncIterable<readonly (readonly (string | null)[])[]>;
}

const NUMBERS: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UTINYINT,
  DuckDBTypeId.USMALLINT,
  DuckDBTypeId.UINTEGER,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.UHUGEINT,
  DuckDBTypeId.BIGNUM,
  DuckDBTypeId.FLOAT,
  DuckDBTypeId.DOUBLE,
  DuckDBTypeId.DECIMAL,
]);

const NESTED: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.LIST,
  DuckDBTypeId.ARRAY,
  DuckDBTypeId.STRUCT,
  DuckDBTypeId.MAP,
  DuckDBTypeId.UNION,
]);

/**
 * Starts a SELECT whose values DuckDB itself turns into text: it loses no digit of a BIGINT, a DECIMAL or a
 * time, and writes a FLOAT as short as it can.
 */
export async function openRows(
  connection: DuckDBConnection,
  select: string,
  text: ValueText,
): Promise<ResultRows> {
  const statement = await connection.prepare(select);
  const columns = Array.from({ length: statement.columnCount }, (_, index) => ({
    name: statement.columnName(index),
    kind: kindOf(statement.columnType(index)),
    isNested: NESTED.has(statement.columnTypeId(index)),
  }));
  statement.destroySync();
  const aliases = columns.map((_, index) => `c${index}`);
  const values = columns.map(({ isNested }, index) =>
    isNested && text === 'json' ? `CAST(to_json(c${index}) AS VARCHAR)` : `CAST(c${index} AS VARCHAR)`,
  );
  const result = await connection.stream(
    `SELECT ${values.join(', ')} FROM (${select}) AS serve_batch_result(${aliases.join(', ')})`,
  );
  return { columns, chunks: textChunks(result.yieldRows()) };
}

async function* textChunks(
  chunks: AsyncIterable<readonly (readonly unknown[])[]>,
): AsyncIterable<(string | null)[][]> {
  for await (const rows of chunks)
    yield rows.map((row) => row.map((value) => (value === null ? null : String(value))));
}

function kindOf(type: DuckDBType): ColumnKind {
  if (NESTED.has(type.typeId) || type.alias === 'JSON') return 'json';
  if (NUMBERS.has(type.typeId)) return 'number';
  return type.typeId === DuckDBTypeId.BOOLEAN ? 'boolean' : 'text';
}
