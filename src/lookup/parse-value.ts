import { ServeBatchError } from '../core/errors.ts';
import type { GenerationInfo } from '../kv/store.ts';

/**
 * A number or a text where the job's one value is that; else what the JSON says: an object of column names
 * and values where there are several, a list, a boolean. In JSON, NaN and the infinities are null.
 */
export type PredictionValue =
  | number
  | string
  | boolean
  | null
  | readonly unknown[]
  | Readonly<Record<string, unknown>>;

/** Reads a value as the store holds it. Throws `STORE_REFUSED` where it is not what the job writes. */
export function parseValue(text: string, info: GenerationInfo): PredictionValue {
  switch (info.valueKind) {
    case 'number':
      return parseNumber(text, info);
    case 'text':
      return text;
    case 'json':
      return parseJson(text, info);
  }
}

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * A value as JSON text, digit for digit as the store holds it, so that whole numbers beyond 2^53 stay whole. NaN and the
 * infinities are null. Throws `STORE_REFUSED` as {@link parseValue} does.
 */
export function valueJson(text: string, info: GenerationInfo): string {
  if (info.valueKind === 'number' && JSON_NUMBER.test(text)) return text;
  const value = parseValue(text, info);
  return info.valueKind === 'json' ? text : JSON.stringify(value);
}

function parseNumber(text: string, info: GenerationInfo): number {
  const value = Number(text);
  if (text === 'NaN' || (text.trim() !== '' && !Number.isNaN(value))) return value;
  throw unreadable(text, 'a number', info);
}

function parseJson(text: string, info: GenerationInfo): PredictionValue {
  try {
    return JSON.parse(text) as PredictionValue;
  } catch {
    throw unreadable(text, 'JSON', info);
  }
}

function unreadable(text: string, expected: string, info: GenerationInfo): ServeBatchError {
  return new ServeBatchError(
    'STORE_REFUSED',
    `The store holds "${text.slice(0, 60)}" where run ${info.runId} writes ${expected}. Something else wrote there: load the run again with "serve-batch publish ${info.runId}".`,
    { fields: { runId: info.runId } },
  );
}
