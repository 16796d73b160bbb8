import { z } from 'zod';
import { isTimeZone } from '../../core/zoned-time.ts';
import { CRON_EXPECTED, cronProblem } from '../fields/cron.ts';
import { DURATION_EXPECTED, isDuration, parseDuration } from '../fields/duration.ts';
import { choice, expected, flag, section, text, texts, wholeNumber } from '../fields/field-kinds.ts';
import type { MapText } from '../fields/map-text.ts';
import { mapWaitFor, normaliseWaitFor, type WaitCondition, waitFor } from './wait-for.ts';

const CATCHUP_POLICIES = ['none', 'latest', 'all'] as const;
const OVERLAP_POLICIES = ['wait', 'skip'] as const;
const LATE_POLICIES = ['skip', 'run', 'fail'] as const;

/** When a job runs by itself. */
export interface ScheduleSpec {
  /** Five fields, valid. */
  readonly cron: string;
  /** IANA. */
  readonly timezone: string;
  readonly catchup: (typeof CATCHUP_POLICIES)[number];
  readonly catchupWindowSeconds: number;
  /** 0: occurrences start at once. */
  readonly jitterSeconds: number;
  /** Counted from the occurrence. Null: none. */
  readonly deadlineSeconds: number | null;
  readonly overlap: (typeof OVERLAP_POLICIES)[number];
  /** After the first attempt. */
  readonly retries: number;
  /** Before the first retry; it doubles. */
  readonly backoffSeconds: number;
  readonly enabled: boolean;
  /** Jobs whose run of the same occurrence has to be published first. */
  readonly after: readonly string[];
  /** What has to be there first. */
  readonly waitFor: readonly WaitCondition[];
  /** What an occurrence does that has waited until its deadline in vain. */
  readonly onLate: (typeof LATE_POLICIES)[number];
  /** Between two looks at what an occurrence waits for. */
  readonly checkEverySeconds: number;
}

export const DEFAULT_SCHEDULE: Omit<ScheduleSpec, 'cron'> = {
  timezone: 'UTC',
  catchup: 'latest',
  catchupWindowSeconds: 7 * 86_400,
  jitterSeconds: 0,
  deadlineSeconds: null,
  overlap: 'wait',
  retries: 2,
  backoffSeconds: 60,
  enabled: true,
  after: [],
  waitFor: [],
  onLate: 'fail',
  checkEverySeconds: 60,
};

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

function isZero(value: string | number): boolean {
  return /^0+[smhdw]?$/.test(String(value));
}

const AFTER = expected('the name of a job, or a list of names', 'prices');

function waits(written: { readonly after?: unknown; readonly waitFor?: unknown }): boolean {
  return (written.after ?? written.waitFor) !== undefined;
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
          .describe('The age up to which a missed occurrence still runs. Default: 7d.'),
        jitter: durationOrZero()
          .exactOptional()
          .describe(
            'Spreads the starts of jobs: each occurrence starts up to this much later, by an amount that is always the same for it. Default: 0.',
          ),
        deadline: duration()
          .exactOptional()
          .describe(
            'If a run is not published this long after its occurrence, the alert late is sent. Default: none.',
          ),
        overlap: choice(OVERLAP_POLICIES)
          .exactOptional()
          .describe(
            'What an occurrence does if the job is still running: wait for its end, or skip. Default: wait.',
          ),
        retries: wholeNumber(0, expected('a whole number, at least 0', '2'))
          .exactOptional()
          .describe('How often to try the failed run of an occurrence again. Default: 2.'),
        backoff: duration()
          .exactOptional()
          .describe('The pause before the first retry; it doubles with each. Default: 1m.'),
        enabled: flag()
          .exactOptional()
          .describe(
            'Whether the schedule is on. Occurrences missed while it is off never run. Default: true.',
          ),
        after: z
          .union([text(AFTER), texts(AFTER)], { error: AFTER })
          .exactOptional()
          .describe(
            'Another job, or a list of jobs: an occurrence starts only after their runs of the same occurrence are published. Default: none.',
          ),
        waitFor: waitFor
          .exactOptional()
          .describe('What an occurrence waits for before it starts: a list of conditions. Default: nothing.'),
        onLate: choice(LATE_POLICIES)
          .exactOptional()
          .describe(
            'What an occurrence does if it has waited in vain until its deadline: skip, run with the data at hand, or fail. Default: fail.',
          ),
        checkEvery: duration()
          .exactOptional()
          .describe('The pause between two checks of what an occurrence waits for. Default: 1m.'),
      })
        .refine((written) => !waits(written) || written.deadline !== undefined, {
          path: ['deadline'],
          error: expected('how long an occurrence waits for waitFor and after', 'deadline: 4h'),
        })
        .refine((written) => waits(written) || (written.onLate ?? written.checkEvery) === undefined, {
          path: ['waitFor'],
          error:
            'waitFor or after beside onLate and checkEvery. Write what an occurrence waits for, or remove them.',
        }),
    ],
    { error: SCHEDULE },
  )
  .describe('When the job runs: a cron expression, or a map. Default: only when you run it.');

/** The long form of `schedule`; null where the job has none. */
export function normaliseSchedule(
  written: z.output<typeof schedule> | undefined,
  folder: string,
): ScheduleSpec | null {
  if (written === undefined) return null;
  const {
    catchupWindow,
    jitter,
    deadline,
    backoff,
    checkEvery,
    after,
    waitFor: conditions,
    ...rest
  } = typeof written === 'string' ? { cron: written } : written;
  const seconds = (value: string | number | undefined, field: string): number | undefined =>
    value === undefined ? undefined : isZero(value) ? 0 : parseDuration(value, `schedule.${field}`);
  return {
    ...DEFAULT_SCHEDULE,
    ...rest,
    cron: rest.cron.trim(),
    catchupWindowSeconds: seconds(catchupWindow, 'catchupWindow') ?? DEFAULT_SCHEDULE.catchupWindowSeconds,
    jitterSeconds: seconds(jitter, 'jitter') ?? DEFAULT_SCHEDULE.jitterSeconds,
    deadlineSeconds: seconds(deadline, 'deadline') ?? DEFAULT_SCHEDULE.deadlineSeconds,
    backoffSeconds: seconds(backoff, 'backoff') ?? DEFAULT_SCHEDULE.backoffSeconds,
    checkEverySeconds: seconds(checkEvery, 'checkEvery') ?? DEFAULT_SCHEDULE.checkEverySeconds,
    after: [after ?? []].flat(),
    waitFor: normaliseWaitFor(conditions, folder),
  };
}

/** The schedule with every text replaced that may hold a template. */
export function mapSchedule(spec: ScheduleSpec, map: MapText): ScheduleSpec {
  return { ...spec, waitFor: mapWaitFor(spec.waitFor, map) };
}
