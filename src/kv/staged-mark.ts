import type { StagedCounts } from './store.ts';

/** Says, in the store itself, that a shard was staged completely. */
export interface StagedMark extends StagedCounts {
  /** When its values end, milliseconds since 1970; null: they last until dropped. */
  readonly expiresAtMs: number | null;
  /** What the server answered while the shard was staged; null where the store needs no such thing. */
  readonly receipt: StagingReceipt | null;
}

export interface StagingReceipt {
  /** Values that the server had not held before. */
  readonly created: number;
  /** A key may go on in the next shard; null: the shard has no rows. */
  readonly firstKey: string | null;
  readonly lastKey: string | null;
}

export function countsOf({ keys, values, bytes }: StagedCounts): StagedCounts {
  return { keys, values, bytes };
}

export function formatMark({ keys, values, bytes, expiresAtMs, receipt }: StagedMark): string {
  return JSON.stringify({ keys, values, bytes, expiresAtMs, receipt });
}

/** A mark; undefined where its values have ended or the text is no mark. */
export function parseMark(text: string, nowMs: number): StagedMark | undefined {
  const mark = parseJson(text);
  if (typeof mark !== 'object' || mark === null) return undefined;
  const { keys, values, bytes, expiresAtMs, receipt } = mark as Partial<Record<keyof StagedMark, unknown>>;
  if (typeof keys !== 'number' || typeof values !== 'number' || typeof bytes !== 'number') return undefined;
  const end = typeof expiresAtMs === 'number' ? expiresAtMs : null;
  if (end !== null && end <= nowMs) return undefined;
  return { keys, values, bytes, expiresAtMs: end, receipt: parseReceipt(receipt) };
}

function parseReceipt(receipt: unknown): StagingReceipt | null {
  if (typeof receipt !== 'object' || receipt === null) return null;
  const { created, firstKey, lastKey } = receipt as Partial<Record<keyof StagingReceipt, unknown>>;
  if (typeof created !== 'number') return null;
  return { created, firstKey: textOrNull(firstKey), lastKey: textOrNull(lastKey) };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
