import { z } from 'zod';
import { KV_LAYOUTS } from '../core/plan.ts';
import { DURATION_EXPECTED, DURATION_PATTERN, durationSeconds } from './duration.ts';
import { choice, expected, pattern, section, texts, wholeNumber } from './field-kinds.ts';
import { isTemplate, TEMPLATE_EXPECTED } from './key-template.ts';
import { KV_URL_EXPECTED, KV_URL_PATTERN } from './kv-url.ts';

const template = z.string({ error: TEMPLATE_EXPECTED }).refine(isTemplate, { error: TEMPLATE_EXPECTED });

/** The field `kv` of a job file. */
export const kv = z
  .union(
    [
      z.literal('none'),
      section({
        url: pattern(KV_URL_PATTERN, KV_URL_EXPECTED)
          .exactOptional()
          .describe(
            "lmdb:PATH, redis://HOST:PORT, rediss://HOST:PORT (TLS) or none. Default: LMDB inside the job's output folder.",
          ),
        key: template.describe('The key of a prediction, made of columns: "{store}:{product}".'),
        field: template
          .exactOptional()
          .describe('The field inside the key, made of columns: "{date}". Left out, a key has one value.'),
        values: texts(expected('a list of prediction or kept columns', '[sales]'))
          .exactOptional()
          .describe(
            'Columns that make the value: one is stored as it is, several as JSON. Default: all predictions.',
          ),
        ttl: z
          .union(
            [
              wholeNumber(1, DURATION_EXPECTED),
              pattern(DURATION_PATTERN, DURATION_EXPECTED).refine(
                (value) => durationSeconds(value) !== undefined,
                {
                  error: DURATION_EXPECTED,
                },
              ),
            ],
            { error: DURATION_EXPECTED },
          )
          .exactOptional()
          .describe(
            'How long values live: seconds, or 36h, 14d. Default: until their generation is dropped.',
          ),
        keep: wholeNumber(1, expected('a whole number of generations, at least 1', '2'))
          .exactOptional()
          .describe('Generations kept in the store, the published one included. Default: 2.'),
        layout: choice(KV_LAYOUTS)
          .exactOptional()
          .describe(
            'How Redis holds the fields of a key: a hash of them, or packed into one string (less memory). LMDB ignores it. Default: hash.',
          ),
      }).refine(({ field, layout }) => layout !== 'packed' || field !== undefined, {
        path: ['layout'],
        error:
          'hash, or no layout at all, for a job without kv.field: packed puts the values of all fields of a key into one string, and here a key has one value anyway.',
      }),
    ],
    {
      error: ({ input: value }) =>
        typeof value === 'string'
          ? 'none, or a map with a key: a store needs kv.key to know the key of a prediction. Write for example kv: {url: "redis://HOST:6379", key: "{store}:{product}", field: "{date}"}.'
          : expected(
              'none, or a map with key, and if you want url, field, values, ttl, keep, layout',
              'kv: {key: "{store}:{product}"}',
            ),
    },
  )
  .describe('The key-value store that answers user requests: none, or a map. Default: none.');
