import { z } from 'zod';
import { DURATION_PATTERN, durationSeconds } from './duration.ts';
import { expected, section, text, wholeNumber } from './field-kinds.ts';
import { DEFAULT_SETTLE_SECONDS, type IncrementalSpec } from './incremental-spec.ts';

const INCREMENTAL = expected('files, or a map with column or files', '{column: updated_at}');
const SETTLE = 'a time of whole seconds, 0 or more (s, m, h, d, w). Write for example 10s.';

/** The field `input.incremental` of a job file. */
export const incremental = z
  .union(
    [
      z.literal('files', { error: INCREMENTAL }),
      section({
        column: text(expected('the name of a column that only grows', 'updated_at'))
          .exactOptional()
          .describe('Takes the rows whose column is above the greatest value that the last run took.'),
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
            `Of files: one that changed less than this ago may still be written, and is left for the next run. Default: ${DEFAULT_SETTLE_SECONDS}s.`,
          ),
      })
        .refine(({ column, files }) => (column === undefined) !== (files === undefined), {
          error: INCREMENTAL,
        })
        .refine(({ column, settle }) => column === undefined || settle === undefined, {
          path: ['settle'],
          error: 'no settle beside a column: it is for files.',
        }),
    ],
    { error: INCREMENTAL },
  )
  .describe(
    'For inputs that grow: a run takes only what no committed run has taken, new rows by a column or new files.',
  );

/** The long form. */
export function normaliseIncremental(
  written: z.output<typeof incremental> | undefined,
): IncrementalSpec | null {
  if (written === undefined) return null;
  if (written === 'files') return { kind: 'files', settleSeconds: DEFAULT_SETTLE_SECONDS };
  const { column, settle } = written;
  if (column !== undefined) return { kind: 'column', column };
  const seconds = settle === undefined ? undefined : settleSeconds(settle);
  return { kind: 'files', settleSeconds: seconds ?? DEFAULT_SETTLE_SECONDS };
}

/** As other durations, and 0: no waiting. */
function settleSeconds(value: string | number): number | undefined {
  if (/^0[smhdw]?$/.test(String(value))) return 0;
  return DURATION_PATTERN.test(String(value)) ? durationSeconds(value) : undefined;
}
