import type { BatchPlace, RowGroup } from '../group-rows.ts';
import type { KvBatch } from '../store.ts';

/** Groups that were put together, and where the next one begins. */
export interface TakenGroups extends BatchPlace {
  readonly keys: number;
  readonly values: number;
  /** Of keys, with what stands before each, fields and values. */
  readonly bytes: number;
}

/** Turns groups of rows into commands: one implementation a layout. */
export interface RedisCommands {
  put(group: RowGroup): void;
  /** As `GroupLane`, where the layout has a faster way than {@link put} for many groups. */
  putMany?(batch: KvBatch, from: BatchPlace): TakenGroups;
  /**
   * Values that the server had not held before. Only once every command was answered.
   * @param staged what was put
   */
  created(staged: { readonly keys: number; readonly values: number }): number;
}

/** A time to live as commands take it: whole seconds, at least one. */
export function ttlText(seconds: number | null): string | null {
  return seconds === null ? null : String(Math.max(1, Math.ceil(seconds)));
}
