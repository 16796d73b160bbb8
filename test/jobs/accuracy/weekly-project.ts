import { join } from 'node:path';
import { REPOSITORY } from '../../support/cli.ts';

const MODEL = join(REPOSITORY, 'fixtures/sales-by-column.onnx');
const FEATURES = 'price,discount,day_of_week,month,size_sqm,lag_7,lag_14,mean_28,region,category';
const DAY_MS = 86_400_000;

/** A job over `week.csv`, with actuals in `sold/`. */
export const JOB = `name: week
input: week.csv
model: ${MODEL}
output: {path: out, columns: [store, product, date]}
kv: {key: "{store}:{product}", field: "{date}"}
actuals: {table: "sold/*.csv", column: sold}
`;

function dateOf(day: number): string {
  return new Date(Date.parse('2026-11-21') + day * DAY_MS).toISOString().slice(0, 10);
}

/** So many, from 1. */
function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

/** A week of products in two stores, from a day on; the higher the price, the higher the sales that are predicted. */
export function week(from = 0, products = 2): string {
  const rows = [1, 2].flatMap((store) =>
    numbers(products).flatMap((product) =>
      numbers(7).map(
        (day) => `${store},${product},${dateOf(from + day - 1)},${product},0,5,11,900,3,2,2.5,west,pet`,
      ),
    ),
  );
  return `store,product,date,${FEATURES}\n${rows.join('\n')}\n`;
}

/** Sales from one day to another (exclusive), counted from the run. */
export function sold(from: number, to: number, change = 0, products = 2): string {
  const rows = [1, 2].flatMap((store) =>
    numbers(products).flatMap((product) =>
      Array.from({ length: to - from }, (_, index) => {
        const day = from + index;
        return `${store},${product},${dateOf(day)},${10 + store + product + (((day % 7) + 7) % 7) + change}`;
      }),
    ),
  );
  return `store,product,date,sold\n${rows.join('\n')}\n`;
}
