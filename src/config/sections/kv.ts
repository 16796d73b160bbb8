import { z } from 'zod';
import { ServeBatchError } from '../../core/errors.ts';
import { KV_DUPLICATES, KV_LAYOUTS, type KvDuplicates, type KvLayout } from '../../core/plan.ts';
import { parseTemplate, type Template } from '../../core/text/template.ts';
import { resolveStoreUrl, showStoreUrl } from '../../kv/store-kinds.ts';
import { DURATION_EXPECTED, DURATION_PATTERN, durationSeconds, parseDuration } from '../fields/duration.ts';
import { choice, expected, pattern, section, texts, wholeNumber } from '../fields/field-kinds.ts';
import { isTemplate, TEMPLATE_EXPECTED, templateOfFlag } from '../fields/key-template.ts';
import { isKvUrl, KV_URL_EXPECTED, KV_URL_PATTERN } from '../fields/kv-url.ts';
import type { RunFlags } from '../run-flags.ts';

export interface KvSpec {
  /** May hold a password: mask before showing. Null: LMDB inside the job's output folder. */
  readonly url: string | null;
  readonly key: Template;
  /** Null: a key has one value. */
  readonly field: Template | null;
  /** Columns of the part that make the value. Null: all predictions. */
  readonly values: readonly string[] | null;
  /** Null: values live until their generation is dropped. */
  readonly ttlSeconds: number | null;
  /** Generations kept, the published one included; at least 1. */
  readonly keepGenerations: number;
  /** Of Redis; LMDB has one of its own. `packed` only where there is a field. */
  readonly layout: KvLayout;
  readonly duplicates: KvDuplicates;
}

export const DEFAULT_KV: Omit<KvSpec, 'key' | 'field'> = {
  url: null,
  values: null,
  ttlSeconds: null,
  keepGenerations: 2,
  layout: 'hash',
  duplicates: 'error',
};

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
            "lmdb:PATH, redis://HOST:PORT, redis+cluster://HOST:PORT, redis+sentinel://HOST:PORT/NAME (rediss for TLS) or none. Default: LMDB inside the job's output folder.",
          ),
        key: template.describe('The key of a prediction, made from columns: "{store}:{product}".'),
        field: template
          .exactOptional()
          .describe(
            'The field within the key, made from columns: "{date}". Without it, a key has one value.',
          ),
        values: texts(expected('a list of prediction or kept columns', '[sales]'))
          .exactOptional()
          .describe(
            'Columns that make up the value: one column is stored as it is, several as JSON. Default: all predictions.',
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
            'How long values are kept: seconds, or 36h, 14d. Default: until their generation is dropped.',
          ),
        keep: wholeNumber(1, expected('a whole number of generations, at least 1', '2'))
          .exactOptional()
          .describe('Generations kept in the store, including the published one. Default: 2.'),
        layout: choice(KV_LAYOUTS)
          .exactOptional()
          .describe(
            'How Redis holds the fields of a key: as a hash, or packed into one string (less memory). LMDB ignores it. Default: hash.',
          ),
        duplicates: choice(KV_DUPLICATES)
          .exactOptional()
          .describe(
            'What to do with rows that share a key and field: error (the run is committed but not published, and the command exits with 5) or last (the last row of the input wins). Default: error.',
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
              'none, or a map with key, and if you want url, field, values, ttl, keep, layout, duplicates',
              'kv: {key: "{store}:{product}"}',
            ),
    },
  )
  .describe('The key-value store that answers user requests: none, or a map. Default: none.');

/** The long form. */
export function normaliseKv(written: z.output<typeof kv> = 'none', folder: string): KvSpec | null {
  if (written === 'none') return null;
  return {
    url: written.url === undefined ? null : resolveStoreUrl(written.url, folder),
    key: parseTemplate(written.key, 'kv.key'),
    field: written.field === undefined ? null : parseTemplate(written.field, 'kv.field'),
    values: written.values ?? null,
    ttlSeconds: written.ttl === undefined ? null : parseDuration(written.ttl, 'kv.ttl'),
    keepGenerations: written.keep ?? DEFAULT_KV.keepGenerations,
    layout: written.layout ?? DEFAULT_KV.layout,
    duplicates: written.duplicates ?? DEFAULT_KV.duplicates,
  };
}

/** The columns of key and field, each once, in the order of the templates. */
export function keyColumns(kv: Pick<KvSpec, 'key' | 'field'>): string[] {
  return [...new Set([...kv.key.columns, ...(kv.field?.columns ?? [])])];
}

/** Another store is another run; another password of it is not. */
export function decidingKv(kv: KvSpec) {
  return {
    url: kv.url === null ? null : showStoreUrl(kv.url),
    key: kv.key.text,
    field: kv.field?.text ?? null,
    values: kv.values,
    ttlSeconds: kv.ttlSeconds,
    // Left out where it is the default: runs from before there was a choice stay the same.
    layout: kv.layout === DEFAULT_KV.layout ? undefined : kv.layout,
  };
}

/** The store with its key, also where `--kv none` switches it off: the parts keep the key's columns. */
export function overrideKv(kv: KvSpec | null, flags: RunFlags, folder: string | undefined): KvSpec | null {
  if (flags.kv !== undefined && !isKvUrl(flags.kv))
    throw new ServeBatchError('USAGE', `--kv is "${showStoreUrl(flags.kv)}"; expected ${KV_URL_EXPECTED}`);
  const key = flags.key === undefined ? kv?.key : templateOfFlag(flags.key, '--key');
  const field = flags.field === undefined ? (kv?.field ?? null) : templateOfFlag(flags.field, '--field');
  if (key === undefined) {
    const without =
      flags.kv !== undefined && flags.kv !== 'none'
        ? `--kv ${showStoreUrl(flags.kv)}`
        : flags.field && '--field';
    if (!without) return null;
    throw new ServeBatchError(
      'USAGE',
      `${without} is given, but no key: the store needs one for each prediction. Add for example --key store,product --field date.`,
    );
  }
  const kept = kv ?? DEFAULT_KV;
  return { ...kept, ...(flags.kv === undefined ? {} : { url: addressOf(flags.kv, folder) }), key, field };
}

function addressOf(url: string, folder: string | undefined): string {
  return folder === undefined ? url : resolveStoreUrl(url, folder);
}
