import { z } from 'zod';
import { isTimeZone } from '../core/zoned-time.ts';
import { CRON_EXPECTED, cronProblem } from './cron.ts';
import { DURATION_EXPECTED, isDuration } from './duration.ts';
import { choice, expected, flag, section, text, wholeNumber } from './field-kinds.ts';

export const CATCHUP_POLICIES = ['none', 'latest', 'all'] as const;
export const OVERLAP_POLICIES = ['wait', 'skip'] as const;

const TIMEZONE = expected('an IANA time zone', 'Europe/Stockholm');
const SCHEDULE = expected('a cron expression, or a map with cron', 'schedule: "0 0 * * 6"');

/** Zod's issue is the sentence that says what is wrong with this very expression. */
const cron = z.string({ error: CRON_EXPECTED }).superRefine((value, context) => {
  const problem = cronProblem(value);
  if (problem !== null) context.addIssue({ code: 'custom', message: problem });
});

const duration = () =>
  z
    .union([z.int(), z.string()], { error: DURATION_EXPECTED })
    .refine(isDuration, { error: DURATION_EXPECTED });

/** As {@link duration}, where no time at all makes sense too. */
const durationOrZero = () => {
  const error = `0, or ${DURATION_EXPECTED}`;
  return z.union([z.int(), z.string()], { error }).refine((value) => isZero(value) || isDuration(value), {
    error,
  });
};

export function isZero(value: string | number): boolean {
  return /^0+[smhdw]?$/.test(String(value));
}

/** The field `schedule` of a job file. */
export const schedule = z
  .union(
    [
      cron,
      section({
        cron: cron.describe('When the job runs: five fields, minute hour day month weekday.'),
        timezone: text(TIMEZONE)
          .refine(isTimeZone, { error: TIMEZONE })
          .exactOptional()
          .describe("The time zone of the cron expression, and of the job's dates. Default: UTC."),
        catchup: choice(CATCHUP_POLICIES)
          .exactOptional()
          .describe('Which missed occurrences run later: none, the latest one, or all. Default: latest.'),
        catchupWindow: duration()
          .exactOptional()
          .describe('How old a missed occurrence may be that still runs. Default: 7d.'),
        jitter: durationOrZero()
          .exactOptional()
          .describe(
            'Spreads the starts of jobs: each occurrence starts up to so much later, by an amount that is always the same for it. Default: 0.',
          ),
        deadline: duration()
          .exactOptional()
          .describe(
            'A run that is not published so long after its occurrence raises the alert late. Default: none.',
          ),
        overlap: choice(OVERLAP_POLICIES)
          .exactOptional()
          .describe(
            'What an occurrence does while the job is still running: wait for its end, or skip. Default: wait.',
          ),
        retries: wholeNumber(0, expected('a whole number, at least 0', '2'))
          .exactOptional()
          .describe('How often the run of an occurrence is tried again after it failed. Default: 2.'),
        backoff: duration()
          .exactOptional()
          .describe('The pause before the first retry; it doubles with each. Default: 1m.'),
        enabled: flag()
          .exactOptional()
          .describe(
            'Whether the schedule is on. Occurrences while it is off are not caught up. Default: true.',
          ),
      }),
    ],
    { error: SCHEDULE },
  )
  .describe('When the job runs by itself: a cron expression, or a map. Default: it does not.');
