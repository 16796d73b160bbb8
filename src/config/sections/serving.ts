import { z } from 'zod';
import { DURATION_EXPECTED, isDuration, parseDuration } from '../fields/duration.ts';
import { choice, flag, section } from '../fields/field-kinds.ts';
import { type LiveSpec, live, normaliseLive } from './live.ts';

/** What readers get while the store is away: an error, or the last known answer with its age. */
const STORE_DOWN_POLICIES = ['unavailable', 'last-known'] as const;

/** How `serve-batch serve` answers for a job. */
export interface ServingSpec {
  readonly enabled: boolean;
  /** Predictions of an older run are stale. Null: they never are. */
  readonly maxAgeSeconds: number | null;
  readonly onStoreDown: (typeof STORE_DOWN_POLICIES)[number];
  /** Null: only stored predictions are given. */
  readonly live: LiveSpec | null;
  /** What becomes of texts in requests before they are looked up, by column. */
  readonly normalise: Readonly<Record<string, readonly NormaliseStep[]>>;
}

/** `spaces`: each run of white space becomes one space; `nfc`: Unicode's composed form. */
export const NORMALISE_STEPS = ['trim', 'lower', 'nfc', 'spaces'] as const;
export type NormaliseStep = (typeof NORMALISE_STEPS)[number];

export const DEFAULT_SERVING: ServingSpec = {
  enabled: true,
  maxAgeSeconds: null,
  onStoreDown: 'unavailable',
  live: null,
  normalise: {},
};

/** The field `serving` of a job file. */
export const serving = section({
  enabled: flag()
    .exactOptional()
    .describe('Whether `serve-batch serve` answers for the job. Default: true if it has a store.'),
  maxAge: z
    .union([z.int(), z.string()], { error: DURATION_EXPECTED })
    .refine(isDuration, { error: DURATION_EXPECTED })
    .exactOptional()
    .describe(
      'How old the published run may be. If it is older, answers say stale, and the server reports that it is not ready. Default: any age.',
    ),
  onStoreDown: choice(STORE_DOWN_POLICIES)
    .exactOptional()
    .describe(
      'What a request gets while the store is unavailable: unavailable (503), or the last-known answer to the same request, with its age. Default: unavailable.',
    ),
  live: live
    .exactOptional()
    .describe(
      "Whether the published run's own features and model answer if the store has no answer or if a request changes the row: true, or a map of limits. Default: false.",
    ),
  normalise: z
    .record(z.string(), z.array(choice(NORMALISE_STEPS)).min(1), {
      error:
        'a map from columns to lists of trim, lower, nfc and spaces. Write for example {question: [trim, lower]}.',
    })
    .exactOptional()
    .describe(
      'How to normalise the texts of a column in requests before they are looked up or scored: {question: [nfc, lower, trim, spaces]}. Default: not at all.',
    ),
}).describe('How `serve-batch serve` answers for the job.');

/** The long form. */
export function normaliseServing(written: z.output<typeof serving> = {}): ServingSpec {
  const { maxAge, live: writtenLive, ...rest } = written;
  return {
    ...DEFAULT_SERVING,
    ...rest,
    live: normaliseLive(writtenLive),
    maxAgeSeconds: maxAge === undefined ? null : parseDuration(maxAge, 'serving.maxAge'),
  };
}
