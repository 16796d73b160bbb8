import { DuckDBDataChunk, VARCHAR } from '@duckdb/node-api';
import { ServeBatchError } from '../../core/errors.ts';
import type { Column } from '../../core/table.ts';
import { suggestion } from '../../core/text/nearest.ts';
import { quoteName } from '../../core/text/sql.ts';
import type { Reject } from '../../sinks/parquet/reject-file.ts';
import { INPUT_ROW } from '../../source/input-row.ts';
import { cellText, expectedOf, typedSql } from './cell-text.ts';
import type { Cells } from './live-question.ts';
import type { LiveRun, LiveScores } from './live-run.ts';

/** The columns that rows have, once it is sure that they are all of the input, or all features of the model. */
export interface RowColumns {
  readonly all: readonly Column[];
  /** The cells of a row in this order, as texts. Throws `USAGE` for one of another kind. */
  texts(cells: Cells): readonly (string | null)[];
}

/**
 * What rows with these columns are: rows of the input, to which `features.select` is applied, or else rows of the
 * features that the model takes. Nothing is filled in. Throws `USAGE` for a column too many or too few.
 */
export function columnsOfRows(run: LiveRun, names: readonly string[]): RowColumns {
  const given = new Map(names.map((name) => [name.toLowerCase(), name]));
  if (given.size !== names.length)
    throw rowsDoNotFit('have a column twice. Upper and lower case do not matter', '');
  const all = columnsMeant(run, given);
  const own = all.map(({ name }) => given.get(name.toLowerCase()) ?? name);
  return {
    all,
    texts: (cells) =>
      all.map(({ name, type }, index) => {
        const ownName = own[index] ?? name;
        return cellText(name, type, Object.hasOwn(cells, ownName) ? (cells[ownName] ?? null) : null);
      }),
  };
}

function columnsMeant(run: LiveRun, given: ReadonlyMap<string, string>): readonly Column[] {
  const { input } = run.plan;
  const lacks = (columns: readonly Column[]): readonly string[] =>
    columns.flatMap(({ name }) => (given.has(name.toLowerCase()) ? [] : [name]));
  const missing = lacks(input.columns);
  const { features } = run;
  const isFeatures = missing.length > 0 && lacks(features).length === 0 && run.takesFeatures;
  const meant = isFeatures ? features : input.columns;
  const known = new Set(meant.map(({ name }) => name.toLowerCase()));
  const names = meant.map(({ name }) => name);
  for (const [lower, name] of given) {
    if (known.has(lower)) continue;
    throw rowsDoNotFit(`have the column "${name}", which the input does not have`, name, names);
  }
  if (isFeatures || missing.length === 0) return meant;
  throw rowsDoNotFit(
    `lack ${missing.map((name) => `"${name}"`).join(', ')}. Give all columns of the input (${names.join(', ')}), or all features of the model (${features.map(({ name }) => name).join(', ')})`,
    missing[0] ?? '',
  );
}

function rowsDoNotFit(what: string, column: string, names: readonly string[] = []): ServeBatchError {
  const list = names.length === 0 ? '' : `${suggestion(column, names)} It has ${names.join(', ')}.`;
  return new ServeBatchError('USAGE', `The rows ${what}.${list}`, { fields: { column } });
}

/** The first column of a row whose cell does not have its type. The rows may have a column `bad` of their own. */
const BAD = 'serve_batch_bad_cell';

/** Rows that somebody has posted, typed as those of the input, in a table of the database. */
export class PostedRows {
  readonly rows: number;
  readonly #run: LiveRun;
  readonly #table: string;
  readonly #columns: readonly Column[];
  /** Rows with a cell that does not have the type of its column. */
  readonly #bad: ReadonlyMap<number, Reject>;

  private constructor(
    run: LiveRun,
    table: string,
    columns: readonly Column[],
    rows: number,
    bad: ReadonlyMap<number, Reject>,
  ) {
    this.#run = run;
    this.#table = table;
    this.#columns = columns;
    this.rows = rows;
    this.#bad = bad;
  }

  /** @param rows the cells of each, in the order of the columns */
  static async ofTexts(
    run: LiveRun,
    table: string,
    columns: readonly Column[],
    rows: readonly (readonly (string | null)[])[],
  ): Promise<PostedRows> {
    const texts = `${table}_texts`;
    await fillTexts(run, texts, columns.length, rows);
    const posted = await PostedRows.ofTable(run, table, columns, {
      from: texts,
      cells: columns.map(({ type }, index) => ({ text: `c${index}`, typed: typedSql(`c${index}`, type) })),
    });
    await run.database.run(`DROP TABLE ${texts}`);
    return posted;
  }

  /** Of a relation that has the rows in order: what of it the cells are, as text and of the column's type. */
  static async ofTable(
    run: LiveRun,
    table: string,
    columns: readonly Column[],
    source: {
      readonly from: string;
      readonly cells: readonly { readonly text: string; readonly typed: string }[];
    },
  ): Promise<PostedRows> {
    const { from, cells } = source;
    const list = columns.map(({ name, type }, index) => {
      return `CAST(${cells[index]?.typed} AS ${type}) AS ${quoteName(name)}`;
    });
    const isBad = cells.map(({ text, typed }) => `(${text}) IS NOT NULL AND (${typed}) IS NULL`);
    const numberedRows = `(SELECT *, row_number() OVER () - 1 AS ${INPUT_ROW} FROM ${from})`;
    await run.database.run(
      `CREATE OR REPLACE TEMP TABLE ${table} AS SELECT ${INPUT_ROW}, ${list.join(', ')} FROM ${numberedRows}`,
    );
    const [counted] = await run.database.rows(`SELECT count(*) AS n FROM ${table}`);
    const which = isBad.map((sql, index) => `WHEN ${sql} THEN ${index}`).join(' ');
    const bad = await run.database.rows(
      `SELECT ${INPUT_ROW} AS n, ${BAD} AS bad, CASE ${BAD} ${cells.map(({ text }, index) => `WHEN ${index} THEN CAST(${text} AS VARCHAR)`).join(' ')} END AS text
       FROM (SELECT *, CASE ${which} END AS ${BAD} FROM ${numberedRows}) WHERE ${BAD} IS NOT NULL`,
    );
    const rejects = bad.map((row) => badCell(Number(row.n), columns[Number(row.bad)], String(row.text)));
    return new PostedRows(
      run,
      table,
      columns,
      Number(counted?.n),
      new Map(rejects.map((each) => [each.inputRow, each])),
    );
  }

  /** The same with further rows that are not as they should be. */
  withWrong(wrong: readonly Reject[]): PostedRows {
    const bad = new Map([...this.#bad, ...wrong.map((each) => [each.inputRow, each] as const)]);
    return new PostedRows(this.#run, this.#table, this.#columns, this.rows, bad);
  }

  /** Scores rows `from` to `to` (exclusive). */
  async score(from: number, to: number): Promise<LiveScores> {
    const rows = { table: this.#table, columns: this.#columns, rowStart: from, rowEnd: to };
    const { texts, rejects } = await this.#run.score(rows);
    const isBad = (row: number): boolean => this.#bad.has(row);
    const bad = [...this.#bad.values()].filter(({ inputRow }) => inputRow >= from && inputRow < to);
    return {
      // Scored as if there were nothing in the cell: that is not what was asked.
      texts: new Map([...texts].filter(([row]) => !isBad(row))),
      rejects: [...rejects.filter(({ inputRow }) => !isBad(inputRow)), ...bad],
    };
  }

  drop(): Promise<void> {
    return this.#run.database.run(`DROP TABLE IF EXISTS ${this.#table}`);
  }
}

function badCell(inputRow: number, column: Column | undefined, text: string): Reject {
  const { name, type } = column ?? { name: '', type: '' };
  return {
    inputRow,
    column: name,
    value: text,
    reason: `holds "${text.slice(0, 60)}"; expected ${expectedOf(type) ?? type}`,
  };
}

async function fillTexts(
  { database }: LiveRun,
  table: string,
  columns: number,
  rows: readonly (readonly (string | null)[])[],
): Promise<void> {
  const names = Array.from({ length: columns }, (_, index) => `c${index} VARCHAR`);
  await database.run(`CREATE OR REPLACE TEMP TABLE ${table} (${names.join(', ')})`);
  const appender = await database.connection.createAppender(table);
  const chunk = DuckDBDataChunk.create(new Array(columns).fill(VARCHAR), CHUNK_ROWS);
  for (let start = 0; start < rows.length; start += CHUNK_ROWS) {
    chunk.setRows(rows.slice(start, start + CHUNK_ROWS) as (string | null)[][]);
    appender.appendDataChunk(chunk);
    chunk.reset();
  }
  appender.closeSync();
}

const CHUNK_ROWS = 2_048;
