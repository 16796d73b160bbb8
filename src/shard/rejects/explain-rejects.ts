import { ServeBatchError } from '../../core/errors.ts';
import type { Plan, ShardPlan } from '../../core/plan.ts';
import { quoteName } from '../../core/text/sql.ts';
import type { Reject } from '../../sinks/parquet/reject-file.ts';
import { badCellsOfRows } from '../../source/bad-cells.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { findRowPlace, placeText } from '../../source/row-place.ts';
import { rowsSql } from '../../source/shard-relation.ts';
import { POSITION, type ShardRows } from '../../source/shard-rows.ts';
import { type RequiredColumn, requiredColumns } from '../feature-columns.ts';
import type { InvalidRow } from './invalid-rows.ts';

/** Its names and {@link POSITION} occur in no input. */
const INVALID_TABLE = 'serve_batch_invalid';

/**
 * The rejects of a shard with their reasons. With `onInvalid: fail` throws for the first of them:
 * `INVALID_ROW`, or `MODEL_FAILED` where the model ended with an error.
 */
export async function rejectsOf(request: {
  readonly plan: Plan;
  readonly database: Database;
  readonly shard: ShardPlan;
  readonly rows: ShardRows;
  readonly invalid: readonly InvalidRow[];
}): Promise<readonly Reject[]> {
  const { plan, database, rows, invalid } = request;
  if (invalid.length === 0 && rows.leftOut.length === 0) return [];
  const required = requiredColumns(plan);
  const wanted = plan.onInvalid.action === 'fail' ? invalid.slice(0, 1) : invalid;
  const explained = await explain(database, rows, wanted, required);
  const found = [...(await withBadCells(request, explained)), ...rows.leftOut.map(leftOutReject)];
  const rejects = found.sort((a, b) => a.inputRow - b.inputRow);
  const [first] = rejects;
  if (plan.onInvalid.action === 'fail' && first !== undefined)
    throw invalidRowError(first, await placeOf(database, plan, first));
  return rejects;
}

/** A null of which the file has a text that is no value of its column's type: says so. */
async function withBadCells(
  { plan, database, shard }: { readonly plan: Plan; readonly database: Database; readonly shard: ShardPlan },
  rejects: readonly Reject[],
): Promise<readonly Reject[]> {
  const rows = rejects.filter(({ value }) => value === null).map(({ inputRow }) => inputRow);
  const badCells = await badCellsOfRows(database, plan.input, shard, rows);
  return rejects.map((each) => {
    const bad = badCells.get(each.inputRow) ?? [];
    const own = bad.find(({ column }) => column === each.column);
    if (own !== undefined)
      return { ...each, value: own.text, reason: each.reason.replace('is null', `holds "${own.text}"`) };
    if (bad.length === 0) return each;
    const list = bad.map(({ column, text }) => `${column} holds "${text}"`).join(', ');
    return { ...each, reason: `${each.reason}; in the file ${list}` };
  });
}

function leftOutReject(inputRow: number): Reject {
  return { inputRow, column: null, value: null, reason: 'features.select returns no row for it' };
}

/** Values are fetched again for the rejected rows only: good rows pay nothing for the messages. */
async function explain(
  database: Database,
  rows: ShardRows,
  invalid: readonly InvalidRow[],
  required: readonly RequiredColumn[],
): Promise<Reject[]> {
  if (invalid.length === 0) return [];
  await database.run(`CREATE OR REPLACE TEMP TABLE ${INVALID_TABLE} (${POSITION} BIGINT, required INTEGER)`);
  const appender = await database.connection.createAppender(INVALID_TABLE);
  for (const { position, requiredColumn } of invalid) {
    appender.appendBigInt(BigInt(position));
    appender.appendInteger(requiredColumn ?? -1);
    appender.endRow();
  }
  appender.closeSync();
  const used = [...new Set(invalid.flatMap(({ requiredColumn }) => requiredColumn ?? []))];
  const value = used.map(
    (index) => `WHEN ${index} THEN CAST(${quoteName(required[index]?.column ?? '')} AS VARCHAR)`,
  );
  const found = await database.rows(
    `SELECT ${rows.inputRowSql} AS input_row, ${value.length === 0 ? 'NULL' : `CASE ${INVALID_TABLE}.required ${value.join(' ')} END`} AS "value"
     FROM (SELECT *, row_number() OVER () - 1 AS ${POSITION} FROM ${rows.from}) JOIN ${INVALID_TABLE} USING (${POSITION}) ORDER BY ${POSITION}`,
  );
  await database.run(`DROP TABLE ${INVALID_TABLE}`);
  return invalid.map((row, index) => reject(row, found[index] ?? {}, required));
}

function reject(
  row: InvalidRow,
  found: Record<string, unknown>,
  required: readonly RequiredColumn[],
): Reject {
  const inputRow = Number(found.input_row);
  if (row.requiredColumn === null)
    return { inputRow, column: null, value: null, reason: `the model fails on it: ${row.modelError}` };
  const blamed = required[row.requiredColumn];
  const value = found.value === null ? null : String(found.value);
  const what = value === null ? 'is null' : `holds "${value}"${hint(value)}`;
  return { inputRow, column: blamed?.column ?? null, value, reason: `${what}; ${blamed?.wantedBy}` };
}

/** What a value that looks right needs said: a column of numbers with decimal commas is text, and nobody sees a NUL. */
function hint(value: string): string {
  if (value.includes('\0')) return ' with a NUL character, where ONNX Runtime would cut the text off';
  return /^[+-]?\d+,\d+$/.test(value) ? ' (for decimal commas, set input.csv.decimalSeparator: ",")' : '';
}

type NamedPlace = Awaited<ReturnType<typeof findRowPlace>> & { readonly text: string };

/** Where a row stands, for messages: of a grid, the values that make it. */
async function placeOf(database: Database, { input }: Plan, { inputRow }: Reject): Promise<NamedPlace> {
  const place = await findRowPlace(database, input, inputRow);
  if (input.grid === null) return { ...place, text: placeText(place) };
  const sql = await rowsSql(database, input, { rowStart: inputRow, rowEnd: inputRow + 1 });
  const [values] = await database.rows(sql);
  const made = Object.entries(values ?? {}).map(([name, value]) => `${name}=${String(value)}`);
  return { ...place, text: `${place.file}, ${made.join(' ')}` };
}

function invalidRowError({ column, reason }: Reject, place: NamedPlace): ServeBatchError {
  const { file, row, line, text: at } = place;
  const fields = { file, row, ...(line === null ? {} : { line }), ...(column === null ? {} : { column }) };
  if (column === null) {
    const code = reason.startsWith('the model') ? 'MODEL_FAILED' : 'INVALID_ROW';
    return new ServeBatchError(
      code,
      `${at}: ${reason}. Mend the row, or reject such rows with onInvalid: reject (--on-invalid reject).`,
      { fields },
    );
  }
  return new ServeBatchError(
    'INVALID_ROW',
    `Column "${column}" at ${at} ${reason}. Mend the value, cast or fill it in features.select, or reject such rows with onInvalid: reject (--on-invalid reject).`,
    { fields },
  );
}
