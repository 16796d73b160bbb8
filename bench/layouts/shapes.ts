import type { KvLayout } from '../../src/core/plan.ts';

/** One prediction among the rows of a shape. Everything counts from 0. */
export interface Cell {
  readonly store: number;
  readonly product: number;
  readonly day: number;
  readonly hour: number;
}

/** How predictions are put under keys: what `kv.key`, `kv.field` and `kv.layout` of a job would say. */
export interface Shape {
  readonly name: string;
  readonly layout: KvLayout;
  readonly stores: number;
  readonly products: number;
  readonly days: number;
  /** Of a day; 1: a prediction a day. */
  readonly hours: number;
  /** In which order rows come, slowest first: rows of one key next to each other. */
  readonly order: readonly (keyof Cell)[];
  readonly key: (cell: Cell) => string;
  /** Null: the job has no field. */
  readonly field: ((cell: Cell) => string) | null;
  /** Fields up to which Redis keeps a hash as a list; its own default where it is left out. */
  readonly maxListpackEntries?: number;
  /** Whether one key has all that a product in a store has. */
  readonly isSeries: boolean;
}

/** Products of a bucket. */
const BUCKET = 100;

const WEEK = { stores: 100, products: 1_000, days: 7, hours: 1 } as const;
/** As many values, nearly: 168 a key. */
const HOURS = { stores: 4, products: 1_000, days: 7, hours: 24 } as const;
const BY_KEY = ['store', 'product', 'day', 'hour'] as const;

const series = ({ store, product }: Cell): string => `${store + 1}:${product + 1}`;
const date = ({ day }: Cell): string => `2026-11-${21 + day}`;
const instant = (cell: Cell): string => `${date(cell)}T${String(cell.hour).padStart(2, '0')}:00:00`;

/** The layouts that docs/redis.md compares. */
export const SHAPES: readonly Shape[] = [
  {
    ...WEEK,
    name: 'a string a prediction',
    layout: 'hash',
    order: BY_KEY,
    key: (cell) => `${series(cell)}:${date(cell)}`,
    field: null,
    isSeries: false,
  },
  { ...WEEK, name: 'hash', layout: 'hash', order: BY_KEY, key: series, field: date, isSeries: true },
  { ...WEEK, name: 'packed', layout: 'packed', order: BY_KEY, key: series, field: date, isSeries: true },
  {
    ...WEEK,
    name: 'buckets of 100 products',
    layout: 'hash',
    order: ['store', 'day', 'product', 'hour'],
    key: (cell) => `${cell.store + 1}:${date(cell)}:${Math.floor(cell.product / BUCKET)}`,
    field: ({ product }) => String(product + 1),
    isSeries: false,
  },
  {
    ...HOURS,
    name: 'hourly, hash',
    layout: 'hash',
    order: BY_KEY,
    key: series,
    field: instant,
    isSeries: true,
  },
  {
    ...HOURS,
    name: 'hourly, hash table',
    layout: 'hash',
    order: BY_KEY,
    key: series,
    field: instant,
    isSeries: true,
    // Below the 168 fields of a key: past its limit Redis makes a table of a hash.
    maxListpackEntries: 128,
  },
  {
    ...HOURS,
    name: 'hourly, hash a day',
    layout: 'hash',
    order: BY_KEY,
    key: (cell) => `${series(cell)}:${date(cell)}`,
    field: ({ hour }) => String(hour),
    isSeries: false,
  },
  {
    ...HOURS,
    name: 'hourly, packed',
    layout: 'packed',
    order: BY_KEY,
    key: series,
    field: instant,
    isSeries: true,
  },
];

export function rowsOf({ stores, products, days, hours }: Shape): number {
  return stores * products * days * hours;
}

/** The prediction of a row, from 0. */
export function cellAt(shape: Shape, row: number): Cell {
  const sizes = { store: shape.stores, product: shape.products, day: shape.days, hour: shape.hours };
  const cell = { store: 0, product: 0, day: 0, hour: 0 };
  let rest = row;
  for (const name of shape.order.toReversed()) {
    cell[name] = rest % sizes[name];
    rest = Math.floor(rest / sizes[name]);
  }
  return cell;
}
