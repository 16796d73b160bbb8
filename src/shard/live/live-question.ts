/** A value that a caller gives for a column, as JSON has it. */
export type Cell = string | number | boolean | null;
export type Cells = Readonly<Record<string, Cell>>;

/** What a server asks the published run's model. */
export type LiveQuestion =
  | {
      /** The row of the run that has this key. */
      readonly kind: 'key';
      /** As the store has them. */
      readonly key: string;
      readonly field: string | null;
      /** The columns that they are made of, as texts. */
      readonly columns: Readonly<Record<string, string>>;
      /** Columns of the input, or of `features.select`, that have other values than in the row. */
      readonly changed: Cells;
    }
  /** A row of the input, or of the model's features. */
  | { readonly kind: 'row'; readonly cells: Cells };

/** What became of a question. */
export type LiveAnswer =
  /** The value, as the store would hold it. */
  | { readonly kind: 'value'; readonly text: string }
  /** No row of the run has the key. */
  | { readonly kind: 'unknown' }
  /** The row cannot be scored. */
  | { readonly kind: 'reject'; readonly column: string | null; readonly reason: string }
  /** The question itself is wrong. */
  | { readonly kind: 'wrong'; readonly column: string; readonly message: string };
