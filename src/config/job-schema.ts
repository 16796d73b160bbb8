import { z } from 'zod';
import { expected, flag, pattern, section } from './fields/field-kinds.ts';
import { JOB_NAME_EXPECTED, JOB_NAME_PATTERN } from './job-name.ts';
import { actuals } from './sections/actuals.ts';
import { coverage } from './sections/coverage.ts';
import { execution } from './sections/execution.ts';
import { features } from './sections/features.ts';
import { NO_SINGLE_FILE_EXPECTED } from './sections/incremental.ts';
import { input } from './sections/input.ts';
import { intervals } from './sections/intervals.ts';
import { kv } from './sections/kv.ts';
import { lineage } from './sections/lineage.ts';
import { metrics } from './sections/metrics.ts';
import { model } from './sections/model.ts';
import { heartbeat, notify } from './sections/notify.ts';
import { onInvalid } from './sections/on-invalid.ts';
import { DEFAULT_OUTPUT, output, outputKind } from './sections/output.ts';
import { publish } from './sections/publish.ts';
import { schedule } from './sections/schedule.ts';
import { serving } from './sections/serving.ts';
import { isTableName } from './sections/wait-for.ts';

/** What stands in `jobs/NAME.yaml`. Every field has a description: editors show it, the reference lists it. */

export const jobFileSchema = section({
  name: pattern(JOB_NAME_PATTERN, JOB_NAME_EXPECTED)
    .exactOptional()
    .describe('The name of the job. Default: the name of the file.'),
  description: z
    .string({ error: 'a text.' })
    .exactOptional()
    .describe('What the job is for, for people who read the file.'),
  default: flag()
    .exactOptional()
    .describe('Whether `serve-batch run` without a name runs this job. Default: false.'),
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
  publish: publish.exactOptional(),
  actuals: actuals.exactOptional(),
  intervals: intervals.exactOptional(),
  schedule: schedule.exactOptional(),
  notify: notify.exactOptional(),
  heartbeat: heartbeat.exactOptional(),
  metrics: metrics.exactOptional(),
  lineage: lineage.exactOptional(),
  serving: serving.exactOptional(),
})
  .refine(({ coverage: wanted, input: from }) => wanted === undefined || isGrid(from), {
    path: ['coverage'],
    error: 'no coverage without input.grid: only a grid says what must be there.',
  })
  .refine(({ intervals: wanted, actuals: came }) => wanted === undefined || came !== undefined, {
    path: ['intervals'],
    error: 'no intervals without actuals: they are made from the errors of earlier runs.',
  })
  .refine(
    ({ publish: before, actuals: came }) =>
      came !== undefined || !(before?.gates ?? []).some((gate) => gate.accuracy !== undefined),
    {
      path: ['publish', 'gates'],
      error: 'no gate of accuracy without actuals: they say how good earlier runs were.',
    },
  )
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
  .refine(({ schedule: when, features: made }) => unknownTables(when, made).length === 0, {
    path: ['schedule', 'waitFor'],
    error: 'tables that are called input, stand in features.tables, or are paths (data/prices.csv).',
  })
  .describe('A serve-batch job: what to score, with which model, and where the predictions go.');

/** Tables of `schedule.waitFor` that are neither a path nor a name that the job knows. */
function unknownTables(
  when: z.output<typeof schedule> | undefined,
  made: z.output<typeof features> | undefined,
): readonly string[] {
  const { waitFor = [] } = typeof when === 'object' ? when : {};
  const names = new Set(['input', ...Object.keys(made?.tables ?? {})]);
  return waitFor.flatMap((each) =>
    'table' in each && isTableName(each.table) && !names.has(each.table) ? [each.table] : [],
  );
}

function isGrid(from: z.output<typeof input> | undefined): boolean {
  return typeof from === 'object' && 'grid' in from && from.grid !== undefined;
}

function hasFilter(from: z.output<typeof input> | undefined): boolean {
  return typeof from === 'object' && 'filter' in from && from.filter !== undefined;
}

function isIncremental(from: z.output<typeof input> | undefined): boolean {
  return typeof from === 'object' && 'incremental' in from && from.incremental !== undefined;
}

function pathOf(to: z.output<typeof output> = {}): string {
  return typeof to === 'string' ? to : (to.path ?? DEFAULT_OUTPUT.path);
}

/** A job file whose shape is right; still in the short forms that the user wrote. */
export type JobFile = z.output<typeof jobFileSchema>;
