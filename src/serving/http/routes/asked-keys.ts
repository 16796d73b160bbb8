import { z } from 'zod';
import { ServeBatchError } from '../../../core/errors.ts';
import type { Columns } from '../../../lookup/column-text.ts';
import type { Cells } from '../../../shard/live/live-question.ts';

const KEY_VALUE =
  'expected a text, or a number that JSON holds exactly (whole numbers up to 2^53: longer ones as text)';

const keyValue = z.union([z.string(), z.number().refine(isExact, { error: KEY_VALUE })], {
  error: KEY_VALUE,
});

export type KeysSchema = ReturnType<typeof keysSchema>;

/** The body of a request for many keys. */
export function keysSchema(mostKeys: number) {
  const error = `expected a list of 1 to ${mostKeys} keys, each a map from column to value`;
  return z.strictObject(
    {
      keys: z
        .array(z.record(z.string(), keyValue, { error: 'expected a map from column to value' }), { error })
        .min(1, { error })
        .max(mostKeys, { error })
        .describe('Columns of key and field of each prediction; without those of the field: the series.'),
      with: z
        .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]), {
          error: 'expected a map from column to value',
        })
        .exactOptional()
        .describe(
          'Columns of the input, or features of the model, that have other values than in the rows of the keys: the live model answers.',
        ),
    },
    { error: 'expected {"keys": [...]}, and perhaps "with": {...}' },
  );
}

/** What a body asks. */
export interface AskedKeys {
  readonly keys: readonly Columns[];
  /** Values that the rows of the keys are to have instead of their own; left out: none. */
  readonly with?: Cells;
}

/**
 * The keys of a body. The schema says what is wrong; where nothing is, one look at each value tells so in a tenth
 * of the time. Throws `ZodError`.
 */
export function parseKeys(body: unknown, schema: KeysSchema, mostKeys: number): AskedKeys {
  return isRightBody(body, mostKeys) ? body : schema.parse(body);
}

function isRightBody(body: unknown, mostKeys: number): body is { readonly keys: readonly Columns[] } {
  if (typeof body !== 'object' || body === null || !('keys' in body)) return false;
  const { keys, ...others } = body;
  if (!Array.isArray(keys) || keys.length < 1 || keys.length > mostKeys) return false;
  return Object.keys(others).length === 0 && keys.every(isRightKey);
}

function isRightKey(key: unknown): boolean {
  if (typeof key !== 'object' || key === null || Array.isArray(key)) return false;
  // The schema leaves it out.
  if (Object.hasOwn(key, '__proto__')) return false;
  return Object.values(key).every(
    (value) =>
      typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value) && isExact(value)),
  );
}

/** JSON.parse rounds longer ones: the answer would be that of another key. */
function isExact(value: number): boolean {
  return !Number.isInteger(value) || Number.isSafeInteger(value);
}

/** The columns that an address names. Throws `USAGE` for one that stands there twice. */
export function columnsOfQuery(query: unknown): Columns {
  const columns = query as Readonly<Record<string, string | readonly string[]>>;
  for (const name in columns) {
    if (typeof columns[name] === 'string') continue;
    throw new ServeBatchError('USAGE', `The column "${name}" is given twice. Give one value of it.`, {
      fields: { column: name },
    });
  }
  return columns as Columns;
}
