import type { StagedCounts } from './store.ts';

/** Says, in the store itself, that a shard was staged completely. */
export interface StagedMark extends StagedCounts {
  /** When its values end, milliseconds since 1970; null: they last until dropped. */
  readonly expiresAtMs: number | null;
}

export function formatMark(mark: StagedMark): string {
  const { keys, values, bytes, expiresAtMs } = mark;
  return JSON.stringify({ keys, values, bytes, expiresAtMs });
}

/** The counts of a mark; undefined where its values have ended or the text is no mark. */
export function parseMark(text: string, nowMs: number): StagedCounts | undefined {
  const mark = parseJson(text);
  if (typeof mark !== 'object' || mark === null) return undefined;
  const { keys, values, bytes, expiresAtMs } = mark as Partial<Record<keyof StagedMark, unknown>>;
  if (typeof keys !== 'number' || typeof values !== 'number' || typeof bytes !== 'number') return undefined;
  if (typeof expiresAtMs === 'number' && expiresAtMs <= nowMs) return undefined;
  return { keys, values, bytes };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
