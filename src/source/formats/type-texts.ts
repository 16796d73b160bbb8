import type { BadCells, Column, WrittenColumn } from '../../core/table.ts';
import { quoteFile, quoteName } from '../../core/text/sql.ts';
import { type CellType, givenCast, NUMBER_TYPES, strictCast } from '../csv/cell-types.ts';
import { chooseType } from '../csv/choose-type.ts';
import { countCells } from '../csv/count-cells.ts';
import { wantedOf } from '../csv/guess-columns.ts';
import { type ColumnNeeds, includesName } from '../csv/staged-columns.ts';
import type { Database } from '../duckdb/database.ts';
import type { JsonColumn } from './json-columns.ts';
import { HIDDEN_PREFIX } from './staged-copy.ts';

/** A SELECT of the staged rows with all types found, and what is to be told of it. */
export interface TypedTexts {
  readonly select: string;
  readonly columns: readonly Column[];
  readonly written: readonly WrittenColumn[];
  readonly badCells: readonly Omit<BadCells, 'file' | 'line'>[];
}

/** What becomes of one column. */
interface TypedText {
  readonly column: Column;
  readonly value: string;
  /** SQL of the text that stands in the file, where the value does not say it. */
  readonly text: string | null;
  readonly isKept: boolean;
  readonly bad: { readonly count: number; readonly value: string } | null;
}

/**
 * Types the columns of a staged copy that are still texts, by the rules of a CSV: a cell that does not have
 * the type of its column is null to the features and counted, and keys and kept columns have the texts.
 */
export async function typeTexts(
  database: Database,
  staged: string,
  columns: readonly JsonColumn[],
  needs: ColumnNeeds,
): Promise<TypedTexts> {
  const from = `read_parquet(${quoteFile(staged)})`;
  const typed: TypedText[] = [];
  for (const column of columns) typed.push(await typeText(database, from, column, needs));
  const hidden = (index: number): string => `${HIDDEN_PREFIX}text_${index}`;
  const list = typed.flatMap(({ column, value, text }, index) => [
    `${value} AS ${quoteName(column.name)}`,
    ...(text === null ? [] : [`${text} AS ${quoteName(hidden(index))}`]),
  ]);
  return {
    select: `SELECT ${list.join(', ')} FROM ${from}`,
    columns: typed.map(({ column }) => column),
    written: typed.flatMap(({ column: { name, type }, text, isKept }, index) =>
      text === null ? [] : [{ column: name, type, text: hidden(index), isKept }],
    ),
    badCells: typed.flatMap(({ column: { name, type }, bad }) =>
      bad === null ? [] : [{ column: name, type, ...bad }],
    ),
  };
}

async function typeText(
  database: Database,
  from: string,
  { name, open, readAs, type: given }: JsonColumn,
  needs: ColumnNeeds,
): Promise<TypedText> {
  const own = quoteName(name);
  const text = readAs === 'JSON' ? `(${own} ->> '$')` : own;
  const plain = { text: null, isKept: false, bad: null };
  if (open === null) return { ...plain, column: { name, type: given }, value: own };
  const asText = { ...plain, column: { name, type: 'VARCHAR' }, value: text };
  const type = open === 'given' ? given : await typeOfCells(database, from, { name, text, open }, needs);
  if (type === 'VARCHAR') return asText;
  const value = open === 'given' ? givenCast(type, text, {}) : strictCast(type as CellType, text, {});
  const [counts] = await database.rows(
    `SELECT count(*) FILTER (v IS NULL) AS bad, any_value(t) FILTER (v IS NULL) AS first,
       count(*) FILTER (CAST(v AS VARCHAR) <> t) AS inexact
     FROM (SELECT ${text} AS t, ${value} AS v FROM ${from}) WHERE t <> ''`,
  );
  const [bad, inexact] = [Number(counts?.bad), Number(counts?.inexact)];
  const isOdd = bad > 0 || (open !== 'given' && inexact > 0);
  if (isOdd && open !== 'given' && includesName(needs.keys, name)) return asText;
  return {
    column: { name, type },
    value,
    text: isOdd ? text : null,
    isKept: open !== 'given',
    bad: bad === 0 ? null : { count: bad, value: String(counts?.first) },
  };
}

/** Strings stay texts, unless they are the fewer cells of a column of numbers or booleans. */
async function typeOfCells(
  database: Database,
  from: string,
  { name, text, open }: { readonly name: string; readonly text: string } & Pick<JsonColumn, 'open'>,
  needs: ColumnNeeds,
): Promise<string> {
  if (includesName(needs.texts, name)) return 'VARCHAR';
  const isString = open === 'mixed' ? `json_type(${quoteName(name)}) = 'VARCHAR'` : 'false';
  const cells = `(SELECT ${text} AS cell FROM ${from})`;
  const [counts] = await countCells(database, cells, ['cell'], {});
  const [kinds] = await database.rows(
    `SELECT count(*) FILTER (${isString}) AS strings, count(${text}) AS cells FROM ${from}`,
  );
  const isMostlyStrings = Number(kinds?.strings) * 2 >= Number(kinds?.cells);
  if (counts === undefined || isMostlyStrings) return 'VARCHAR';
  const type = chooseType(counts, wantedOf(name, needs));
  return type === 'BOOLEAN' || NUMBER_TYPES.includes(type) ? type : 'VARCHAR';
}
