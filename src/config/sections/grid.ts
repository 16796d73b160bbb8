import { z } from 'zod';
import type { DimensionSpec, GridSpec } from '../../source/grid/grid-spec.ts';
import { DURATION_EXPECTED, durationSeconds } from '../fields/duration.ts';
import { expected, section, text, wholeNumber } from '../fields/field-kinds.ts';
import type { MapText } from '../fields/map-text.ts';
import { resolvePath } from '../fields/resolve-path.ts';

const DIMENSION = expected(
  'a file, a list of values, or a map with file, values or from; or a number for days and hours',
  'stores.csv, [north, south] or {from: "{{ occurrence }}", days: 7}',
);
const POINT = expected('a date, a time or a whole number', '2026-11-21');
const VALUES = expected('a list of texts, numbers or booleans', '[1, 2, 3]');
const COUNT = expected('a whole number, at least 1', '7');

const point = z.union([text(POINT), z.int({ error: POINT })], { error: POINT });
const values = z
  .array(z.union([z.string(), z.number(), z.boolean()]), { error: VALUES })
  .min(1, { error: VALUES });

const file = section({
  file: text(expected('the path of a file', 'stores.csv')).describe('A file that holds the values.'),
  column: text(expected('the name of a column', 'store'))
    .exactOptional()
    .describe(
      'The column of the file. Default: the one called as the dimension, with or without a plural s.',
    ),
});

const list = section({ values: values.describe('The values themselves.') });

const range = section({
  from: point.describe('The first date, time or whole number; "{{ occurrence }}" is the scheduled time.'),
  to: point.exactOptional().describe('The last one, inclusive.'),
  days: wholeNumber(1, COUNT).exactOptional().describe('How many days it reaches over.'),
  hours: wholeNumber(1, COUNT).exactOptional().describe('How many hours it reaches over.'),
  step: z
    .union([wholeNumber(1, DURATION_EXPECTED), text(DURATION_EXPECTED)], { error: DURATION_EXPECTED })
    .refine((value) => durationSeconds(value) !== undefined, { error: DURATION_EXPECTED })
    .exactOptional()
    .describe('The distance of two values: 1d, 1h, 15m; or a number. Default: a day; an hour with hours.'),
}).refine(({ to, days, hours }) => [to, days, hours].filter((each) => each !== undefined).length === 1, {
  error: 'exactly one of to, days and hours. Write for example {from: "{{ occurrence }}", days: 7}.',
});

/** The field `input.grid` of a job file. */
export const grid = z
  .record(
    z.string(),
    z.union([text(DIMENSION), wholeNumber(1, COUNT), values, file, list, range], { error: DIMENSION }),
    { error: expected('a map of dimensions', '{stores: stores.csv, products: products.csv, days: 7}') },
  )
  .refine((dimensions) => Object.keys(dimensions).length > 0, {
    error: expected('a map of dimensions', '{stores: stores.csv, products: products.csv, days: 7}'),
  })
  .refine(
    (dimensions) =>
      Object.entries(dimensions).every(([name, value]) => typeof value !== 'number' || isSpan(name)),
    { error: 'a number only for days and hours. Write for example {days: 7}, or {week: [1, 2]}.' },
  )
  .describe(
    'Every combination of the dimensions is one row: {stores: stores.csv, products: products.csv, days: 7}. The table is never written: each shard makes its own rows.',
  );

type GridFile = z.output<typeof grid>;

/** Dimensions whose length can be written as a number alone. */
function isSpan(name: string): name is 'days' | 'hours' {
  return name === 'days' || name === 'hours';
}

/** The long form of `input.grid` and `input.filter`. */
export function normaliseGrid(grid: GridFile, filter: string | null, folder: string): GridSpec {
  return {
    dimensions: Object.entries(grid).map(([name, value]) => normaliseDimension(name, value, folder)),
    filter,
  };
}

function normaliseDimension(name: string, value: GridFile[string], folder: string): DimensionSpec {
  if (typeof value === 'number') return spanOf(name, value);
  if (typeof value === 'string')
    return { kind: 'file', name, path: resolvePath(value, folder), column: null };
  if (Array.isArray(value)) return { kind: 'list', name, values: value };
  if ('file' in value)
    return { kind: 'file', name, path: resolvePath(value.file, folder), column: value.column ?? null };
  if ('values' in value) return { kind: 'list', name, values: value.values };
  const { from, to = null, days = null, hours = null, step } = value;
  return {
    kind: 'range',
    name,
    from,
    to,
    days,
    hours,
    step: step === undefined ? null : (durationSeconds(step) ?? null),
  };
}

/** `days: 7` and `hours: 168` begin with the occurrence, and make the columns `date` and `time`. */
function spanOf(name: string, length: number): DimensionSpec {
  const span = { days: null, hours: null, ...(isSpan(name) ? { [name]: length } : {}) };
  const from = name === 'days' ? '{{ occurrence.date }}' : '{{ occurrence }}';
  return { kind: 'range', name: name === 'days' ? 'date' : 'time', from, to: null, step: null, ...span };
}

/** The grid with every text replaced that may hold a template. */
export function mapGrid({ dimensions, filter }: GridSpec, map: MapText): GridSpec {
  return {
    dimensions: dimensions.map((each) => mapDimension(each, map)),
    filter: filter === null ? null : map(filter, 'input.filter'),
  };
}

function mapDimension(dimension: DimensionSpec, map: MapText): DimensionSpec {
  const where = `input.grid.${dimension.name}`;
  const mapValue = <T>(value: T): T => (typeof value === 'string' ? (map(value, where) as T) : value);
  switch (dimension.kind) {
    case 'file':
      return { ...dimension, path: map(dimension.path, where) };
    case 'list':
      return { ...dimension, values: dimension.values.map(mapValue) };
    case 'range':
      return { ...dimension, from: mapValue(dimension.from), to: mapValue(dimension.to) };
  }
}
