import { isNumberType } from '../../core/table.ts';
import { quoteName } from '../../core/text/sql.ts';
import { type ChunkColumn, isValid, streamChunks } from '../../source/duckdb/chunk-stream.ts';
import type { Database } from '../../source/duckdb/database.ts';
import type { GateTable } from '../run-tables.ts';
import { segmentName, segmentSql } from '../segments.ts';
import type { Distribution } from './distribution.ts';

/** The distributions of some columns, by segment; those of the whole run under null. */
export type Distributions = ReadonlyMap<string | null, ReadonlyMap<string, Distribution>>;

const TABLE = 'serve_batch_drift';

/** Reads a sample once, whatever the number of its columns and segments. */
export async function readDistributions(
  database: Database,
  { from, columns }: GateTable,
  names: readonly string[],
  by: readonly string[],
): Promise<Distributions> {
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const isNumber = names.map((name) => isNumberType(types.get(name) ?? ''));
  const list = names.map((name, index) =>
    isNumber[index] ? `CAST(${quoteName(name)} AS DOUBLE)` : `CAST(${quoteName(name)} AS VARCHAR)`,
  );
  const segments = new Map<string, Collector[]>();
  const collectors = () => isNumber.map((each) => new Collector(each));
  // A stream of what a condition leaves of many rows would come in thousands of small pieces.
  const selected = [segmentSql(by), ...list].map((value, index) => `${value} AS c${index}`);
  await database.run(`CREATE OR REPLACE TEMP TABLE ${TABLE} AS SELECT ${selected.join(', ')} FROM ${from}`);
  for await (const {
    rows,
    columns: [segmentOf, ...values],
  } of streamChunks(database, `SELECT * FROM ${TABLE}`)) {
    const into = Array.from({ length: rows }, (_, row) => {
      const segment = String(segmentOf?.values[row]);
      const found = segments.get(segment) ?? collectors();
      segments.set(segment, found);
      return found;
    });
    for (const [index, column] of values.entries())
      for (let row = 0; row < rows; row++) into[row]?.[index]?.add(column, row);
  }
  const [only] = segments.values();
  const whole = segments.size === 1 && only !== undefined ? only : collectors();
  if (whole !== only)
    for (const parts of segments.values())
      for (const [index, part] of parts.entries()) whole[index]?.merge(part);
  const named = (each: readonly Collector[]) =>
    new Map(each.map((collector, index) => [names[index] ?? '', collector.done()]));
  return new Map([
    [null, named(whole)],
    ...(by.length === 0
      ? []
      : [...segments].map(([name, each]) => [segmentName(name), named(each)] as const)),
  ]);
}

/** Gathers the values of one column. */
class Collector {
  readonly #isNumber: boolean;
  readonly #numbers: number[] = [];
  readonly #texts = new Map<string, number>();
  #rows = 0;
  #missing = 0;

  constructor(isNumber: boolean) {
    this.#isNumber = isNumber;
  }

  add(column: ChunkColumn, row: number): void {
    this.#rows++;
    const value = column.values[row];
    if (!isValid(column, row) || Number.isNaN(value)) this.#missing++;
    else if (this.#isNumber) this.#numbers.push(value as number);
    else this.#count(String(value), 1);
  }

  merge(other: Collector): void {
    this.#rows += other.#rows;
    this.#missing += other.#missing;
    for (const number of other.#numbers) this.#numbers.push(number);
    for (const [text, count] of other.#texts) this.#count(text, count);
  }

  done(): Distribution {
    const numbers = Float64Array.from(this.#numbers).sort();
    return { rows: this.#rows, missing: this.#missing, numbers, texts: this.#texts };
  }

  #count(text: string, count: number): void {
    this.#texts.set(text, (this.#texts.get(text) ?? 0) + count);
  }
}
