import { z } from 'zod';
import { expected, flag, section, text, textMap, texts } from '../fields/field-kinds.ts';
import type { MapText } from '../fields/map-text.ts';
import { resolvePath } from '../fields/resolve-path.ts';

export interface FeaturesSpec {
  /** The columns of the one matrix input, in order; or of each input by its name. Null: found by name. */
  readonly columns: readonly string[] | Readonly<Record<string, readonly string[]>> | null;
  /** A SELECT over the table `input`. Null: the model's columns stand in the input itself. */
  readonly select: string | null;
  /** Files that the SELECT joins with, by the name it uses. */
  readonly tables: Readonly<Record<string, string>>;
  /** Whether the SQL of the job may read files and URLs that the job does not name. */
  readonly externalAccess: boolean;
}

export const DEFAULT_FEATURES: FeaturesSpec = {
  columns: null,
  select: null,
  tables: {},
  externalAccess: false,
};

const FEATURE_COLUMNS = expected(
  'a list of columns, or a map from model input to a list of columns',
  '[price, discount]',
);

/** The field `features` of a job file. */
export const features = section({
  columns: z
    .union(
      [
        texts(FEATURE_COLUMNS),
        z.record(z.string(), texts(expected('a list of columns', '[price, discount]'))),
      ],
      { error: FEATURE_COLUMNS },
    )
    .exactOptional()
    .describe(
      "Columns of the model's matrix, in order; or a map from model input to its columns. Default: the model's feature_names, or its inputs by name.",
    ),
  select: text(expected('a DuckDB SELECT over the table input', 'SELECT *, price * 2 AS twice FROM input'))
    .exactOptional()
    .describe(
      'A DuckDB SELECT over the table "input" that returns the feature columns: one row per input row.',
    ),
  tables: textMap(
    expected('a map from table name to file', '{stores: data/stores.csv}'),
    expected('the path of a file', 'data/stores.csv'),
  )
    .exactOptional()
    .describe(
      'Files that features.select may join, by the name it uses for them: {stores: data/stores.csv}.',
    ),
  externalAccess: flag()
    .exactOptional()
    .describe(
      'Whether features.select and input.filter may read files that the job does not name, with read_csv and the like. Default: false.',
    ),
})
  .refine(
    ({ tables }) =>
      tables === undefined || !Object.keys(tables).some((name) => name.toLowerCase() === 'input'),
    {
      path: ['tables'],
      error: 'names other than "input", which is the table to score.',
    },
  )
  .describe('How columns become the inputs of the model.');

/** The long form. */
export function normaliseFeatures(written: z.output<typeof features> = {}, folder: string): FeaturesSpec {
  const tables = Object.entries(written.tables ?? {});
  return {
    columns: written.columns ?? null,
    select: written.select ?? null,
    tables: Object.fromEntries(tables.map(([name, path]) => [name, resolvePath(path, folder)])),
    externalAccess: written.externalAccess ?? false,
  };
}

/** The fields that decide the bytes of the parts. Which files SQL may read does not change what it returns. */
export function decidingFeatures({ columns, select, tables }: FeaturesSpec) {
  return { columns, select, tables };
}

/** The features with every text replaced that may hold a template. */
export function mapFeatures(spec: FeaturesSpec, map: MapText): FeaturesSpec {
  const tables = Object.entries(spec.tables);
  return {
    ...spec,
    select: spec.select === null ? null : map(spec.select, 'features.select'),
    tables: Object.fromEntries(tables.map(([name, path]) => [name, map(path, `features.tables.${name}`)])),
  };
}
