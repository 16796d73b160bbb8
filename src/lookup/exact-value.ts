import { isMarkedNumber, parseLossless, stringifyLossless } from '../features/lossless-json.ts';
import type { GenerationInfo } from '../kv/store.ts';
import { parseValue } from './parse-value.ts';

/**
 * A value to be printed: as {@link parseValue} reads it, but long numbers keep the digits that a JavaScript number
 * loses, for {@link exactText} and `stringifyLossless`. Throws `STORE_REFUSED` as {@link parseValue} does.
 */
export function exactValue(text: string, info: GenerationInfo): unknown {
  const value = parseValue(text, info);
  const isExact = info.valueKind === 'text' || (typeof value === 'number' && !Number.isFinite(value));
  return isExact ? value : parseLossless(text);
}

/** A number or a text as it is, everything else as JSON. */
export function exactText(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && !isMarkedNumber(value) ? value : stringifyLossless(value);
}
