import { z } from 'zod';
import { BYTE_SIZE_EXPECTED, BYTE_SIZE_PATTERN, byteSize, parseByteSize } from '../fields/byte-size.ts';
import { DURATION_EXPECTED, isDuration, parseDuration } from '../fields/duration.ts';
import { choice, expected, flag, section, wholeNumber } from '../fields/field-kinds.ts';

/** When a stored answer is replaced by one of the published run's model, besides where a request changes the row. */
export const LIVE_WHEN = ['missing', 'stale'] as const;
export type LiveWhen = (typeof LIVE_WHEN)[number];

/** How `serve-batch serve` asks the published run's own features and model. */
export interface LiveSpec {
  readonly when: readonly LiveWhen[];
  /** A question that takes longer gets 503. */
  readonly deadlineSeconds: number;
  /** Questions that wait, at most: more get 429. */
  readonly queue: number;
  /** Answers that are kept, for as long as their run is the published one. */
  readonly cache: number;
  /** What DuckDB may use in the process that answers. */
  readonly memoryLimitBytes: number;
}

export const DEFAULT_LIVE: LiveSpec = {
  when: LIVE_WHEN,
  deadlineSeconds: 5,
  queue: 1_000,
  cache: 10_000,
  memoryLimitBytes: 1024 ** 3,
};

const WHEN = 'a list of missing and stale, which may be empty.';

const fields = section({
  when: z
    .array(choice(LIVE_WHEN), { error: WHEN })
    .exactOptional()
    .describe(
      'When to answer live: missing (the store has nothing for the key), stale (the stored answer is older than serving.maxAge). With an empty list, only requests that change the row are answered live. Default: both.',
    ),
  deadline: z
    .union([z.int(), z.string()], { error: DURATION_EXPECTED })
    .refine(isDuration, { error: DURATION_EXPECTED })
    .exactOptional()
    .describe('How long a live request may take before it gets 503. Default: 5s.'),
  queue: wholeNumber(1, expected('a whole number of questions, at least 1', '1000'))
    .exactOptional()
    .describe('How many live requests may wait; more get 429. Default: 1000.'),
  cache: wholeNumber(0, expected('a whole number of answers, at least 0', '10000'))
    .exactOptional()
    .describe('How many live answers to cache until another run is published. Default: 10000.'),
  memoryLimit: z
    .union([
      wholeNumber(1, BYTE_SIZE_EXPECTED),
      z
        .string()
        .regex(BYTE_SIZE_PATTERN, { error: BYTE_SIZE_EXPECTED })
        .refine((value) => byteSize(value) !== undefined, { error: BYTE_SIZE_EXPECTED }),
    ])
    .exactOptional()
    .describe(
      "Memory that DuckDB may use in the process that answers; anything beyond goes to the run's temporary folder. Default: 1GiB.",
    ),
});

/** The field `serving.live`. */
export const live = z.union([flag(), fields], {
  error: 'true, false, or a map such as {deadline: 2s, queue: 500}.',
});

/** The long form. Null: no live answers. */
export function normaliseLive(written: z.output<typeof live> = false): LiveSpec | null {
  if (written === false) return null;
  if (written === true) return DEFAULT_LIVE;
  const { deadline, memoryLimit, ...rest } = written;
  return {
    ...DEFAULT_LIVE,
    ...rest,
    ...(deadline === undefined ? {} : { deadlineSeconds: parseDuration(deadline, 'serving.live.deadline') }),
    ...(memoryLimit === undefined
      ? {}
      : { memoryLimitBytes: parseByteSize(memoryLimit, 'serving.live.memoryLimit') }),
  };
}
