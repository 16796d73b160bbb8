/** What a job needs of a CSV's columns besides their values; names in any case. */
export interface ColumnNeeds {
  /** Columns that make keys: text for everybody, unless each value prints as it is written. */
  readonly keys: readonly string[];
  /** Columns that are kept as they are written. */
  readonly kept: readonly string[] | '*';
  /** Columns that a model takes as text. */
  readonly texts: readonly string[];
  /** Columns that a model takes as integers: a fraction among them is a bad cell, and makes them no DOUBLE. */
  readonly integers: readonly string[];
}

export const NO_NEEDS: ColumnNeeds = { keys: [], kept: [], texts: [], integers: [] };

/** A column of all files of a CSV input, as it is staged. */
export interface StagedColumn {
  readonly name: string;
  readonly type: string;
  /** Whether the job says the type: then its values are what the job wants, however they were written. */
  readonly isGiven: boolean;
  /**
   * How each cell is checked. `exact`: its value prints as it is written. `plain`: it plainly means its value,
   * as `5` means 5.0. `proved`: all cells were looked at before they are read (plain/prove-columns.ts). `none`:
   * text.
   */
  readonly check: 'exact' | 'plain' | 'proved' | 'none';
  /** The hidden column that has all its texts; null: it needs none. */
  readonly textColumn: string | null;
  readonly isKey: boolean;
  /** Whether all rows have to be looked at before the column is text: the first ones do not tell. */
  readonly isOpen: boolean;
}

/** Columns whose cells are checked while they are copied. */
export type TypedColumn = StagedColumn & { readonly check: 'exact' | 'plain' };

export function typedColumns(columns: readonly StagedColumn[]): readonly TypedColumn[] {
  return columns.filter(isTyped);
}

export function isTyped(column: StagedColumn): column is TypedColumn {
  return column.check === 'exact' || column.check === 'plain';
}

export function includesName(names: readonly string[], name: string): boolean {
  return names.some((each) => each.toLowerCase() === name.toLowerCase());
}
