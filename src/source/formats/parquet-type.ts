/** Integers beyond 64 bits. Parquet has no HUGEINT: DuckDB writes one as DOUBLE, and its digits are gone. */
export const LONG_INTEGER_TYPE = 'DECIMAL(38,0)';

/** Where the type stands, also inside another one; not a member of a STRUCT of that name. */
const HUGEINT = /\bU?HUGEINT(?=[,)[\]]|$)/g;

/** The type under which Parquet holds all values of a type: itself, but for HUGEINT. */
export function parquetType(type: string): string {
  return type.replace(HUGEINT, LONG_INTEGER_TYPE);
}
