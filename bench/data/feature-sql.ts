import { CATEGORIES, REGIONS } from './sales-sql.ts';

/** The features of the model in its order, as its metadata names them. */
export const FEATURES = [
  'price',
  'discount',
  'day_of_week',
  'month',
  'size_sqm',
  'lag_7',
  'lag_14',
  'mean_28',
  'region',
  'category',
] as const;

/** Each feature as a FLOAT over the columns of the table: what `features.select` of jobs/sales.yaml makes. */
export function featureColumnsSql(): readonly string[] {
  const lists: Readonly<Record<string, readonly string[]>> = { region: REGIONS, category: CATEGORIES };
  return FEATURES.map((name) => {
    const list = lists[name];
    const value =
      list === undefined
        ? name
        : `list_position([${list.map((each) => `'${each}'`).join(', ')}], ${name}) - 1`;
    return `CAST(${value} AS FLOAT) AS ${name}`;
  });
}
