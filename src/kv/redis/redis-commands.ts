import type { RowGroup } from '../group-rows.ts';

/** Turns groups of rows into commands: one implementation a layout. */
export interface RedisCommands {
  put(group: RowGroup): void;
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
