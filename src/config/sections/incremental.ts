import { z } from 'zod';
import { ServeBatchError } from '../../core/errors.ts';
import type { Lateness } from '../../core/incremental.ts';
import { DURATION_PATTERN, durationSeconds } from '../fields/duration.ts';
import { expected, section, text, texts, wholeNumber } from '../fields/field-kinds.ts';
import type { JobSpec } from '../job-spec.ts';

/** Which part of an input that grows is new: rows above a watermark, or files that no run has taken. */
export type IncrementalSpec = ColumnIncrement | FilesIncrement;

export interface ColumnIncrement {
  readonly kind: 'column';
  readonly column: string;
  /** Null: rows that come late are counted, and not taken. */
  readonly lateness: Lateness | null;
  /** Columns that make a row known again; null: all. */
  readonly key: readonly string[] | null;
}

export interface FilesIncrement {
  readonly kind: 'files';
  /** A file that changed less than so many seconds ago may still be written, and is left for a later run. */
  readonly settleSeconds: number;
}

/**
 * Longer than programs wait between two writes of one file, and short enough for a job of every minute.
 * Reading half a text file would not even be noticed.
 */
export const DEFAULT_SETTLE_SECONDS = 10;

const INCREMENTAL = expected('files, or a map with column or files', '{column: updated_at}');
const LATENESS = expected(
  'a time of whole seconds, 0 or more (s, m, h, d, w), or a number beside a column of numbers',
  '2d',
);
const KEY = expected('a column, or a list of them, that make a row known again', '[order_id]');
const SETTLE = 'a time of whole seconds, 0 or more (s, m, h, d, w). Write for example 10s.';

/** The field `input.incremental` of a job file. */
export const incremental = z
  .union(
    [
      z.literal('files', { error: INCREMENTAL }),
      section({
        column: text(expected('the name of a column that only grows', 'updated_at'))
          .exactOptional()
          .describe('Takes the rows in which this column is above the largest value that the last run took.'),
        lateness: z
          .union([z.number().min(0, { error: LATENESS }), z.string()], { error: LATENESS })
          .refine((value) => parseLateness(value) !== undefined, { error: LATENESS })
          .exactOptional()
          .describe(
            'With column: how far below that value a late row may be and still be taken, such as 2d, or a number. Default: late rows are counted, but not taken.',
          ),
        key: z
          .union([text(KEY), texts(KEY)], { error: KEY })
          .exactOptional()
          .describe(
            'With lateness: the columns that identify a row. Default: all columns, so a changed row counts as another row.',
          ),
        files: z
          .literal(true, { error: 'true, or no files beside a column.' })
          .exactOptional()
          .describe('Takes the files that no run has taken.'),
        settle: z
          .union(
            [
              wholeNumber(0, SETTLE),
              z.string().refine((value) => settleSeconds(value) !== undefined, SETTLE),
            ],
            {
              error: SETTLE,
            },
          )
          .exactOptional()
          .describe(
            `With files: a file that changed more recently than this may still be being written; the next run takes it. Default: ${DEFAULT_SETTLE_SECONDS}s.`,
          ),
      })
        .refine(({ column, files }) => (column === undefined) !== (files === undefined), {
          error: INCREMENTAL,
        })
        .refine(({ column, settle }) => column === undefined || settle === undefined, {
          path: ['settle'],
          error: 'no settle beside a column: it is for files.',
        })
        .refine(({ column, lateness }) => column !== undefined || lateness === undefined, {
          path: ['lateness'],
          error: 'no lateness beside files: it is for a column.',
        })
        .refine(({ key, lateness }) => key === undefined || lateness !== undefined, {
          path: ['key'],
          error: 'no key without lateness: only late rows have to be known again.',
        }),
    ],
    { error: INCREMENTAL },
  )
  .describe(
    'For incremental jobs: a run takes only what no committed run has taken, either new rows (by a column) or new files.',
  );

/** The long form. */
export function normaliseIncremental(
  written: z.output<typeof incremental> | undefined,
): IncrementalSpec | null {
  if (written === undefined) return null;
  if (written === 'files') return { kind: 'files', settleSeconds: DEFAULT_SETTLE_SECONDS };
  const { column, settle, lateness, key } = written;
  if (column !== undefined)
    return {
      ...{ kind: 'column', column },
      lateness: lateness === undefined ? null : (parseLateness(lateness) ?? null),
      key: key === undefined ? null : [key].flat(),
    };
  const seconds = settle === undefined ? undefined : settleSeconds(settle);
  return { kind: 'files', settleSeconds: seconds ?? DEFAULT_SETTLE_SECONDS };
}

/** As other durations, and 0: no waiting. */
function settleSeconds(value: string | number): number | undefined {
  if (/^0[smhdw]?$/.test(String(value))) return 0;
  return DURATION_PATTERN.test(String(value)) ? durationSeconds(value) : undefined;
}

/** A number without a unit fits columns of both kinds: it is seconds of a time. */
function parseLateness(value: string | number): Lateness | undefined {
  if (typeof value === 'number') return { text: String(value), amount: value, isTime: false };
  const seconds = settleSeconds(value);
  return seconds === undefined ? undefined : { text: value, amount: seconds, isTime: /[smhdw]$/.test(value) };
}

/** What a job of an input that grows cannot have, as the end of a sentence that says what was expected. */
export const NO_SINGLE_FILE_EXPECTED =
  'a folder beside input.incremental: one file holds the predictions of one run, and a run of the new data alone would take all earlier ones away. Write for example out.';
export const NO_STANDARD_INPUT_EXPECTED =
  'a folder or a glob beside input.incremental: files: standard input is no file that could be known again.';

/** Holds a job with its flags to the same. Throws `USAGE`. */
export function assertIncrementalFits({ input, output }: JobSpec): void {
  if (input.incremental === null) return;
  if (output.kind === 'file')
    throw new ServeBatchError('USAGE', `--output is ${output.path}; expected ${NO_SINGLE_FILE_EXPECTED}`);
  if (input.incremental.kind === 'files' && input.paths.includes('-'))
    throw new ServeBatchError('USAGE', `--input is -; expected ${NO_STANDARD_INPUT_EXPECTED}`);
}

/** How long files settle decides when they are taken, not what is made of them. */
export function decidingIncrement(incremental: IncrementalSpec) {
  if (incremental.kind === 'files') return { files: true };
  const { column, lateness, key } = incremental;
  return { column, ...(lateness === null ? {} : { lateness: lateness.text, key }) };
}
