import { z } from 'zod';
import { DURATION_EXPECTED, isDuration, parseDuration } from '../fields/duration.ts';
import { expected, section, text, wholeNumber } from '../fields/field-kinds.ts';
import type { MapText } from '../fields/map-text.ts';
import { resolvePath } from '../fields/resolve-path.ts';

/** What an occurrence waits for before it starts. Texts may hold templates. */
export type WaitCondition = FileCondition | TableCondition | SqlCondition;

/** A file, a folder or something that a glob matches is there. */
export interface FileCondition {
  readonly kind: 'file';
  /** Absolute. */
  readonly path: string;
  /** As the job file says it. */
  readonly shown: string;
  /** It was changed so short a time ago at most; null: whenever. */
  readonly maxAgeSeconds: number | null;
  /** Nobody has changed it for so long; null: one that is being written counts, too. */
  readonly unchangedSeconds: number | null;
}

/** A table has at least this. At least one of `rows`, `newest` and `distinct` is there. */
export interface TableCondition {
  readonly kind: 'table';
  /** `input`, a name of features.tables, or a path. */
  readonly table: string;
  readonly rows: number | null;
  /** Of `newest` and `distinct`. */
  readonly column: string | null;
  /** The newest value of the column is at least this. */
  readonly newest: string | null;
  readonly distinct: number | null;
}

/** One SQL condition over `input` and features.tables. */
export interface SqlCondition {
  readonly kind: 'sql';
  readonly sql: string;
}

const duration = () =>
  z
    .union([z.int(), z.string()], { error: DURATION_EXPECTED })
    .refine(isDuration, { error: DURATION_EXPECTED });

const file = section({
  file: text(
    expected('the path of a file or folder, or a glob', 'data/{{ occurrence.date }}/_SUCCESS'),
  ).describe('A file, a folder or a glob that must exist. May contain templates.'),
  maxAge: duration().exactOptional().describe('The largest time since its last change. Default: no limit.'),
  unchangedFor: duration()
    .exactOptional()
    .describe(
      'How long it must have been unchanged, for files that are not written in one step. Default: no limit.',
    ),
});

const table = section({
  table: text(expected('input, a name of features.tables, or a path', 'input')).describe(
    'The table to check: input, a name of features.tables, or a path.',
  ),
  rows: wholeNumber(1, expected('a whole number of rows, at least 1', '700000'))
    .exactOptional()
    .describe('The smallest number of rows.'),
  column: text(expected('the name of a column', 'date'))
    .exactOptional()
    .describe('The column for newest and distinct.'),
  newest: text(expected('a value that the column has to reach', '"{{ occurrence.date }}"'))
    .exactOptional()
    .describe('The newest value of the column must be at least this. May contain templates.'),
  distinct: wholeNumber(1, expected('a whole number of values, at least 1', '100'))
    .exactOptional()
    .describe('The smallest number of different values in the column.'),
})
  .refine(({ rows, newest, distinct }) => (rows ?? newest ?? distinct) !== undefined, {
    error: expected('a map with table and rows, newest or distinct', '{table: input, rows: 1000}'),
  })
  .refine(({ column, newest, distinct }) => (column === undefined) === ((newest ?? distinct) === undefined), {
    path: ['column'],
    error: expected(
      'a column with newest or distinct, and only with them',
      '{table: input, column: date, newest: "{{ occurrence.date }}"}',
    ),
  });

const sql = section({
  sql: text(
    expected('an SQL condition over input and features.tables', '(SELECT count(*) FROM input) > 1000'),
  ).describe('An SQL condition over input and features.tables that must be true. May contain templates.'),
});

const WAIT_FOR = expected(
  'a list of maps with file, table or sql',
  '[{file: data/_SUCCESS}, {table: input, column: date, newest: "{{ occurrence.date }}"}]',
);

/** The field `schedule.waitFor`. */
export const waitFor = z
  .array(z.union([file, table, sql], { error: WAIT_FOR }), { error: WAIT_FOR })
  .min(1, { error: WAIT_FOR });

/** Whether `table` is a name of features.tables. A path has a slash, a dot or a star. */
export function isTableName(table: string): boolean {
  return !/[/.*]/.test(table);
}

/** The long form. */
export function normaliseWaitFor(
  written: z.output<typeof waitFor> | undefined,
  folder: string,
): readonly WaitCondition[] {
  return (written ?? []).map((each, index) => normaliseCondition(each, `schedule.waitFor[${index}]`, folder));
}

function normaliseCondition(
  written: z.output<typeof waitFor>[number],
  where: string,
  folder: string,
): WaitCondition {
  if ('sql' in written) return { kind: 'sql', sql: written.sql };
  if ('table' in written) {
    const { table: name, rows = null, column = null, newest = null, distinct = null } = written;
    return {
      kind: 'table',
      table: isTableName(name) ? name : resolvePath(name, folder),
      rows,
      column,
      newest,
      distinct,
    };
  }
  const seconds = (value: string | number | undefined, field: string): number | null =>
    value === undefined ? null : parseDuration(value, `${where}.${field}`);
  return {
    kind: 'file',
    path: resolvePath(written.file, folder),
    shown: written.file,
    maxAgeSeconds: seconds(written.maxAge, 'maxAge'),
    unchangedSeconds: seconds(written.unchangedFor, 'unchangedFor'),
  };
}

/** The conditions with every text replaced that may hold a template. */
export function mapWaitFor(conditions: readonly WaitCondition[], map: MapText): readonly WaitCondition[] {
  return conditions.map((each, index) =>
    mapCondition(each, (text) => map(text, `schedule.waitFor[${index}]`)),
  );
}

function mapCondition(condition: WaitCondition, map: (text: string) => string): WaitCondition {
  switch (condition.kind) {
    case 'file':
      return { ...condition, path: map(condition.path), shown: map(condition.shown) };
    case 'table':
      return {
        ...condition,
        table: map(condition.table),
        newest: condition.newest === null ? null : map(condition.newest),
      };
    case 'sql':
      return { ...condition, sql: map(condition.sql) };
  }
}
