import { z } from 'zod';
import { coverage } from './coverage-schema.ts';
import { execution, onInvalid } from './execution-schema.ts';
import { expected, flag, pattern, section, text, textMap, texts } from './field-kinds.ts';
import { NO_SINGLE_FILE_EXPECTED, NO_STORE_EXPECTED } from './incremental-limits.ts';
import { input } from './input-schema.ts';
import { DEFAULT_OUTPUT_PATH, outputKind } from './job-spec.ts';
import { kv } from './kv-schema.ts';
import { heartbeat, notify } from './notify-schema.ts';
import { output } from './output-schema.ts';
import { schedule } from './schedule-schema.ts';

/** What stands in `jobs/NAME.yaml`. Every field has a description: editors show it, the reference lists it. */

export const JOB_NAME_PATTERN = /^[a-z0-9][a-z0-9_-]*$/;
export const JOB_NAME_EXPECTED =
  'lower-case letters, digits, "-" and "_", a letter or digit first. Write for example daily-sales.';

const FEATURE_COLUMNS = expected(
  'a list of columns, or a map from model input to a list of columns',
  '[price, discount]',
);

const features = section({
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
      'A DuckDB SELECT over the table "input" that makes the feature columns: one row per input row.',
    ),
  tables: textMap(
    expected('a map from table name to file', '{stores: data/stores.csv}'),
    expected('the path of a file', 'data/stores.csv'),
  )
    .exactOptional()
    .describe('Files that features.select may join with, by the name it uses: {stores: data/stores.csv}.'),
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

const MODEL = expected('the path of an ONNX model', 'models/sales.onnx');

const model = z
  .union(
    [
      text(MODEL),
      section({
        path: text(MODEL).describe('The path of the ONNX model.'),
        outputs: texts(expected('a list of output names', '[sales]'))
          .exactOptional()
          .describe('The outputs that become predictions. Default: all that are tensors.'),
      }),
    ],
    { error: MODEL },
  )
  .describe('The ONNX model: its path, or a map.');

export const jobFileSchema = section({
  name: pattern(JOB_NAME_PATTERN, JOB_NAME_EXPECTED)
    .exactOptional()
    .describe('The name of the job. Default: the name of the file.'),
  description: z
    .string({ error: 'a text.' })
    .exactOptional()
    .describe('What the job is for, for those who read the file.'),
  default: flag()
    .exactOptional()
    .describe("Whether this is the project's default job, which `serve-batch run` runs. Default: false."),
  params: z
    .record(z.string().regex(/^[A-Za-z_][\w-]*$/), z.union([z.string(), z.number(), z.boolean()]), {
      error: expected('a map from names to texts, numbers or booleans', '{region: north}'),
    })
    .exactOptional()
    .describe(
      'Parameters and their defaults. {{ params.NAME }} is the value; --param NAME=VALUE gives another.',
    ),
  input: input.exactOptional(),
  features: features.exactOptional(),
  model,
  output: output.exactOptional(),
  kv: kv.exactOptional(),
  execution: execution.exactOptional(),
  onInvalid: onInvalid.exactOptional(),
  coverage: coverage.exactOptional(),
  schedule: schedule.exactOptional(),
  notify: notify.exactOptional(),
  heartbeat: heartbeat.exactOptional(),
})
  .refine(({ coverage: wanted, input: from }) => wanted === undefined || isGrid(from), {
    path: ['coverage'],
    error: 'no coverage without input.grid: only a grid says what must be there.',
  })
  .refine(({ kv: store, input: from }) => !isIncremental(from) || isStoreOff(store), {
    path: ['kv'],
    error: NO_STORE_EXPECTED,
  })
  .refine(({ output: to, input: from }) => !isIncremental(from) || outputKind(pathOf(to)) === 'folder', {
    path: ['output'],
    error: NO_SINGLE_FILE_EXPECTED,
  })
  .refine(
    ({ features: made, input: from }) =>
      made?.tables === undefined || made.select !== undefined || hasFilter(from),
    {
      path: ['features', 'select'],
      error: 'a SELECT that joins with features.tables. Write it, or remove the tables.',
    },
  )
  .describe('A serve-batch job: what is scored, with which model, and where the predictions go.');

function isGrid(from: z.output<typeof input> | undefined): boolean {
  return typeof from === 'object' && 'grid' in from && from.grid !== undefined;
}

function hasFilter(from: z.output<typeof input> | undefined): boolean {
  return typeof from === 'object' && 'filter' in from && from.filter !== undefined;
}

function isIncremental(from: z.output<typeof input> | undefined): boolean {
  return typeof from === 'object' && 'incremental' in from && from.incremental !== undefined;
}

function isStoreOff(store: z.output<typeof kv> | undefined): boolean {
  return store === undefined || store === 'none' || store.url === 'none';
}

function pathOf(to: z.output<typeof output> = {}): string {
  return typeof to === 'string' ? to : (to.path ?? DEFAULT_OUTPUT_PATH);
}

/** A job file whose shape is right; still in the short forms that the user wrote. */
export type JobFile = z.output<typeof jobFileSchema>;
