/** Which part of an input that grows is new: rows above a watermark, or files that no run has taken. */
export type IncrementalSpec = ColumnIncrement | FilesIncrement;

export interface ColumnIncrement {
  readonly kind: 'column';
  readonly column: string;
}

export interface FilesIncrement {
  readonly kind: 'files';
  /** A file that changed less than so many seconds ago may still be written, and is left for a later run. */
  readonly settleSeconds: number;
}

/**
 * Longer than programs wait between two writes of one file, and short enough for a job of every minute.
 * Reading half a text file would not even be noticed.
 */
export const DEFAULT_SETTLE_SECONDS = 10;
