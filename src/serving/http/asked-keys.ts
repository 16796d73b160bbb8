import { z } from 'zod';
import { ServeBatchError } from '../../core/errors.ts';
import type { Columns } from '../../lookup/column-text.ts';

const KEY_VALUE =
  'expected a text, or a number that JSON holds exactly (whole numbers up to 2^53: longer ones as text)';

const keyValue = z.union([z.string(), z.number().refine(isExact, { error: KEY_VALUE })], {
  error: KEY_VALUE,
});

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
    },
    { error: 'expected {"keys": [...]} and nothing else' },
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
