import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect } from 'vitest';
import { createLookup } from '../../src/index.ts';
import { REPOSITORY } from './cli.ts';

/** A row of sales-expected.csv: what another implementation of the model predicts. */
export interface ExpectedRow {
  readonly store: string;
  readonly product: string;
  readonly date: string;
  readonly sales: number;
}

/** ONNX Runtime adds up trees in float32, in another order: 3.5e-6 was measured. */
const RELATIVE_TOLERANCE = 1e-5;

export async function expectedRows(): Promise<readonly ExpectedRow[]> {
  const text = await readFile(join(REPOSITORY, 'fixtures/sales-expected.csv'));
  const rows: Record<string, string>[] = parse(text, { columns: true });
  return rows.map(({ store = '', product = '', date = '', sales }) => ({
    store,
    product,
    date,
    sales: Number(sales),
  }));
}

/** The keys whose prediction is missing or not the expected one. */
export function wrongPredictions(
  expected: readonly ExpectedRow[],
  predictionOf: (row: ExpectedRow, index: number) => unknown,
): string[] {
  return expected.flatMap((row, index) => {
    const found = predictionOf(row, index);
    const isRight =
      typeof found === 'number' && Math.abs(found - row.sales) <= RELATIVE_TOLERANCE * Math.abs(row.sales);
    return isRight ? [] : [`${row.store}:${row.product}:${row.date} is ${String(found)}, not ${row.sales}`];
  });
}

/** Looks all 7,000 predictions up through the library, and expects each to be right and of one run. */
export async function expectGoldenStore(job: string, url: string, runId: string): Promise<void> {
  const expected = await expectedRows();
  const lookup = createLookup({ job, url });
  try {
    const found = await lookup.getMany(
      expected.map(({ store, product, date }) => ({ store, product, date })),
    );
    expect(found).toHaveLength(7000);
    expect(wrongPredictions(expected, (_, index) => found[index]?.value)).toEqual([]);
    expect(new Set(found.map((prediction) => prediction?.run))).toEqual(new Set([runId]));
  } finally {
    await lookup.close();
  }
}
