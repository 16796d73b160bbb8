import type { GenerationInfo } from './store.ts';

/** Reads what {@link KvStore.describe} wrote; undefined for anything else. */
export function parseInfo(text: string): GenerationInfo | undefined {
  let info: unknown;
  try {
    info = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isInfo(info) ? info : undefined;
}

const KINDS: readonly unknown[] = ['number', 'text', 'json'];

function isInfo(info: unknown): info is GenerationInfo {
  if (typeof info !== 'object' || info === null) return false;
  const { runId, createdAt, model, modelSha256, key, field, values, valueKind, columnTypes } = info as Record<
    string,
    unknown
  >;
  return (
    [runId, createdAt, model, modelSha256, key].every((text) => typeof text === 'string') &&
    (field === null || typeof field === 'string') &&
    Array.isArray(values) &&
    values.every((name) => typeof name === 'string') &&
    KINDS.includes(valueKind) &&
    (columnTypes === undefined || isTexts(columnTypes))
  );
}

function isTexts(map: unknown): boolean {
  return (
    typeof map === 'object' && map !== null && Object.values(map).every((text) => typeof text === 'string')
  );
}
