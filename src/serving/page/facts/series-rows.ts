import type { GenerationInfo } from '../../../kv/store.ts';
import { valueJson } from '../../../lookup/parse-value.ts';
import type { FoundText } from '../../../lookup/published-reader.ts';

/** One field of a series, now and before. */
export interface SeriesRow {
  readonly field: string;
  /** As the store holds it; null: there is none. */
  readonly value: string | null;
  readonly before: string | null;
}

/** All fields that either of the two has, sorted as the store sorts them. A single prediction has no field. */
export function seriesRows(found: FoundText | null, before: FoundText | null): readonly SeriesRow[] {
  const [now, then] = [mapOf(found), mapOf(before)];
  const fields = [...new Set([...now.keys(), ...then.keys()])].sort();
  return fields.map((field) => ({
    field,
    value: now.get(field) ?? null,
    before: then.get(field) ?? null,
  }));
}

function mapOf(found: FoundText | null): ReadonlyMap<string, string> {
  if (found === null) return new Map();
  return typeof found === 'string' ? new Map([['', found]]) : found;
}

/** The numbers of a value, by column; texts, lists and what is not finite are left out. */
export function numbersOf(text: string | null, info: GenerationInfo): ReadonlyMap<string, number> {
  if (text === null) return new Map();
  const parsed = parsedValue(text, info);
  const [column = 'value'] = info.values;
  const entries = isObject(parsed) ? Object.entries(parsed) : [[column, parsed] as const];
  return new Map(
    entries.flatMap(([name, value]) =>
      typeof value === 'number' && Number.isFinite(value) ? [[name, value] as const] : [],
    ),
  );
}

function parsedValue(text: string, info: GenerationInfo): unknown {
  try {
    return JSON.parse(valueJson(text, info));
  } catch {
    // The job does not write such values: it is shown as it is.
    return null;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
