import { writeFile } from 'node:fs/promises';
import { CATEGORIES, REGIONS } from '../../bench/data/sales-sql.ts';
import { runSql } from '../e2e/sales-tables.ts';
import type { Project } from '../support/project.ts';
import { seededRandom } from '../support/seeded-random.ts';

/** The tables of a week of `jobs/weekly-forecast.yaml`. Faults are planted by changing them. */
export interface WeekTables {
  readonly stores: readonly Row[];
  readonly products: readonly Row[];
  readonly demand: readonly Row[];
  readonly promos: readonly Row[];
}

export type Row = Readonly<Record<string, string | number>>;

const FIRST_SATURDAY = Date.UTC(2026, 0, 3);
const DAY_MS = 86_400_000;
/** As in fixtures/promos.csv: 2 % of the products, each day others. */
const PROMOTIONS_A_DAY = 0.02;

/** The date on which a simulated week begins: `2026-01-03` and the Saturdays after it. */
export function weekDate(week: number): string {
  return new Date(FIRST_SATURDAY + week * 7 * DAY_MS).toISOString().slice(0, 10);
}

/** Sales of stores and products over weeks: seasons, a peak at Christmas, noise, new prices and new products. */
export class SimulatedShops {
  readonly #random: () => number;
  readonly #stores: readonly Row[];
  readonly #products: { product: number; category: string; price: number }[];
  /** Sales of the last four weeks, newest first, by store and place of the product. */
  readonly #sold: number[][][];
  readonly #level: number[][];
  #week = 0;
  #newest: number;

  constructor(size: { readonly stores: number; readonly products: number }, seed = 1) {
    this.#random = seededRandom(seed);
    this.#newest = size.products;
    this.#stores = Array.from({ length: size.stores }, (_, index) => ({
      store: index + 1,
      region: REGIONS[index % REGIONS.length] ?? '',
      size_sqm: Math.round(400 + 3000 * this.#random()),
    }));
    this.#products = Array.from({ length: size.products }, (_, index) => this.#newProduct(index + 1));
    this.#level = this.#stores.map(() => this.#products.map(() => this.#newLevel()));
    this.#sold = [-1, -2, -3, -4].map((week) => this.#sales(week));
  }

  /** The tables as they are before the next week begins. */
  nextWeek(): WeekTables {
    const week = this.#week++;
    const tables = this.#tables(week);
    this.#sold.unshift(this.#sales(week));
    this.#sold.pop();
    for (const product of this.#products) {
      if (this.#random() < 0.03) product.price = cents(product.price * (0.9 + 0.25 * this.#random()));
    }
    this.#replaceProducts(Math.round(this.#products.length / 500));
    return tables;
  }

  #tables(week: number): WeekTables {
    const demand = this.#stores.flatMap((store, s) =>
      this.#products.map(({ product }, p) => {
        const weeks = this.#sold.map((sold) => sold[s]?.[p] ?? 0);
        const mean = weeks.reduce((sum, each) => sum + each, 0) / weeks.length;
        return {
          store: Number(store.store),
          product,
          lag_7: weeks[0] ?? 0,
          lag_14: weeks[1] ?? 0,
          mean_28: tenths(mean),
        };
      }),
    );
    const promos = Array.from({ length: 7 }, (_, day) => day).flatMap((day) =>
      this.#products
        .filter(() => this.#random() < PROMOTIONS_A_DAY)
        .map(({ product }) => ({
          product,
          date: new Date(FIRST_SATURDAY + (week * 7 + day) * DAY_MS).toISOString().slice(0, 10),
          discount: [0.1, 0.2, 0.3, 0.4, 0.5][Math.floor(this.#random() * 5)] ?? 0.1,
        })),
    );
    return { stores: this.#stores, products: this.#products.map((each) => ({ ...each })), demand, promos };
  }

  #sales(week: number): number[][] {
    return this.#level.map((products) =>
      products.map((level) => tenths(level * seasonOf(week) * Math.exp(0.25 * this.#normal()))),
    );
  }

  #replaceProducts(count: number): void {
    for (let each = 0; each < count; each++) {
      const at = Math.floor(this.#random() * this.#products.length);
      this.#products[at] = this.#newProduct(++this.#newest);
    }
  }

  #newProduct(product: number): { product: number; category: string; price: number } {
    const category = CATEGORIES[Math.floor(this.#random() * CATEGORIES.length)] ?? 'snacks';
    return { product, category, price: cents(Math.exp(1.3 + 0.7 * this.#normal())) };
  }

  #newLevel(): number {
    return Math.exp(0.8 + 0.9 * this.#normal());
  }

  #normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.#random())) * Math.cos(2 * Math.PI * this.#random());
  }
}

/** More in summer than in winter, and a third more in the two weeks before Christmas. */
function seasonOf(week: number): number {
  const year = 1 + 0.15 * Math.sin((2 * Math.PI * (week - 13)) / 52);
  return week === 49 || week === 50 ? year * 1.33 : year;
}

const tenths = (value: number): number => Math.round(value * 10) / 10;
const cents = (value: number): number => Math.round(value * 100) / 100;

/** Puts the tables where the job reads them. */
export async function writeWeek(project: Project, tables: WeekTables): Promise<void> {
  for (const name of ['stores', 'products', 'promos'] as const)
    await project.write(`fixtures/${name}.csv`, csvOf(tables[name]));
  const demand = project.path('fixtures', 'demand.csv');
  await writeFile(demand, csvOf(tables.demand));
  await runSql([
    `COPY (SELECT store, product, lag_7::FLOAT AS lag_7, lag_14::FLOAT AS lag_14, mean_28::FLOAT AS mean_28 FROM '${demand}')
     TO '${project.path('fixtures', 'demand.parquet')}' (FORMAT parquet)`,
  ]);
}

function csvOf(rows: readonly Row[]): string {
  const names = Object.keys(rows[0] ?? {});
  return `${[names, ...rows.map((row) => names.map((name) => row[name]))].map((cells) => cells.join(',')).join('\n')}\n`;
}
