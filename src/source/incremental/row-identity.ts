import { z } from 'zod';
import { ServeBatchError } from '../../core/errors.ts';
import type { Column } from '../../core/table.ts';
import { suggestion } from '../../core/text/nearest.ts';
import { quoteName } from '../../core/text/sql.ts';

/** By which columns, besides the incremental one, a row is known again. They stay the same from run to run. */
export interface Identity {
  /** Whether the job names them: then rows that share them are versions of one thing. */
  readonly isKey: boolean;
  /** With the types that they had first: a column may be wider by now. */
  readonly columns: readonly Column[];
}

export const identitySchema: z.ZodType<Identity> = z.object({
  isKey: z.boolean(),
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
});

/** Throws `SCHEMA_MISMATCH` for a column of the key that the table does not have. */
export function identityOf(
  columns: readonly Column[],
  column: Column,
  key: readonly string[] | null,
  table: string,
): Identity {
  const others = columns.filter(({ name }) => name !== column.name);
  if (key === null) return { isKey: false, columns: others };
  const named = key.map((name) => find(columns, name) ?? missingKey(columns, name, table));
  return { isKey: true, columns: named.filter(({ name }) => name !== column.name) };
}

/** Throws `SCHEMA_MISMATCH` where the rows that are known were told apart by other columns than the job asks for. */
export function assertSameIdentity(known: Identity, key: readonly string[] | null, column: Column): void {
  const before = known.isKey ? columnsText(known.columns.map(({ name }) => name)) : 'all columns';
  const asked = key?.filter((name) => name.toLowerCase() !== column.name.toLowerCase());
  const now = asked === undefined ? 'all columns' : columnsText(asked);
  if (before.toLowerCase() === now.toLowerCase()) return;
  throw new ServeBatchError(
    'SCHEMA_MISMATCH',
    `input.incremental.key says that rows are known by ${now}; the last run knew them by ${before}, which does not say which late rows it took. Change it back, or take everything once with --full.`,
  );
}

/** A digest of the row's columns. Throws `SCHEMA_MISMATCH` if one of them is missing. */
export function idSql(identity: Identity, columns: readonly Column[], table: string): string {
  const texts = identity.columns.map((column) => {
    const now = find(columns, column.name);
    if (now === undefined) throw missingColumn(column.name, table);
    return textSql(now, column.type);
  });
  // With the length before each text, no two rows make the same one.
  const parts = texts.map((text) => `coalesce(strlen(${text}) || ':' || ${text}, '-')`);
  return `unhex(md5(${parts.length === 0 ? "''" : parts.join(' || ')}))`;
}

/** As the value was written when it had its first type, if it still is such a value: 5, where 5.0 is read now. */
function textSql({ name, type }: Column, first: string): string {
  const text = `CAST(${quoteName(name)} AS VARCHAR)`;
  if (type === first) return text;
  const before = `TRY_CAST(${text} AS ${first})`;
  const isSame = `TRY_CAST(CAST(${before} AS VARCHAR) AS ${type}) = ${quoteName(name)}`;
  return `CASE WHEN ${isSame} THEN CAST(${before} AS VARCHAR) ELSE ${text} END`;
}

function find(columns: readonly Column[], wanted: string): Column | undefined {
  return (
    columns.find(({ name }) => name === wanted) ??
    columns.find(({ name }) => name.toLowerCase() === wanted.toLowerCase())
  );
}

function missingKey(columns: readonly Column[], wanted: string, table: string): never {
  const names = columns.map(({ name }) => name);
  throw new ServeBatchError(
    'SCHEMA_MISMATCH',
    `input.incremental.key names the column "${wanted}", which ${table} does not have (${names.join(', ')}).${suggestion(wanted, names)}`,
    { fields: { column: wanted } },
  );
}

function missingColumn(name: string, table: string): ServeBatchError {
  return new ServeBatchError(
    'SCHEMA_MISMATCH',
    `${table} no longer has the column "${name}", by which rows that came late are told from those that were taken. Put it back, or take everything once with --full; input.incremental.key names the columns that do this.`,
    { fields: { column: name } },
  );
}

function columnsText(names: readonly string[]): string {
  return `the columns ${[...names].sort().join(', ')}`;
}
