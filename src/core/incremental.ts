import { formatNumber } from './text/amounts.ts';

/**
 * Inputs that grow: a run takes what no committed run of its job has taken. How far they came is the
 * watermark. It stands in the plan of each run, and counts from the moment the run is committed.
 */
export type IncrementalPlan = ColumnWindow | FilesWindow;

/** Links the runs of a job into a chain: each starts where the committed one before it ended. */
export interface ChainLink {
  /** From 1. Of the committed runs of a job, the one with the highest number has the watermark. */
  readonly sequence: number;
  /** The run whose watermark this one starts from; null: the first of the chain. */
  readonly after: string | null;
  /** Whether it takes everything, whatever was taken before. */
  readonly full: boolean;
}

/** The rows of a table whose column is above `from`, up to `to`. */
export interface ColumnWindow extends ChainLink {
  readonly kind: 'column';
  readonly column: string;
  /** DuckDB's name of its type, which `from` and `to` are texts of. */
  readonly columnType: string;
  /** Exclusive; null: from the beginning. */
  readonly from: string | null;
  /** Inclusive: the greatest value that the run takes. */
  readonly to: string;
  /** Rows that hold exactly `to`. More of them later are rows that came too late. */
  readonly rowsAtTo: number;
  /** Rows of the input up to `to`, those of earlier runs included. Left out: a run of an earlier version. */
  readonly rowsUpTo?: number;
  /** Rows up to `from` that came after the run before this one, and that no run takes. Left out: a run of an earlier version. */
  readonly lateRows?: number;
  /** Rows that the run before this one counted and that are gone: they hide as many in `lateRows`. Left out: none. */
  readonly deletedRows?: number;
  /** Rows up to `from` that came after the run before this one, and that this run takes. Left out: it looks for none. */
  readonly lateTaken?: number;
  /** What the next run looks at again. Left out: it takes what is above `to` and nothing else. */
  readonly lateWindow?: LateWindow;
}

/** How far below the last value rows may come and still be taken. */
export interface Lateness {
  /** As the job file has it. */
  readonly text: string;
  /** Seconds of a date or timestamp, or a span of numbers. */
  readonly amount: number;
  /** Whether it has a unit of time. */
  readonly isTime: boolean;
}

/** Rows that were taken or counted, as `taken.parquet` of the run's folder knows them. */
export interface LateWindow {
  /** Inclusive; null: all rows up to `to`. */
  readonly from: { readonly value: string; readonly type: string } | null;
  /** Rows of the input before `from`: more of them later are rows that came too late. */
  readonly rowsBelow: number;
}

/** Whole files. Which ones are taken by now stands in `taken.json` of the run's folder. */
export interface FilesWindow extends ChainLink {
  readonly kind: 'files';
  /** How many this run takes. */
  readonly files: number;
}

/** How many late rows the run takes, for people; null: none. */
export function lateTakenText(window: IncrementalPlan | null | undefined): string | null {
  if (window?.kind !== 'column' || window.from === null || (window.lateTaken ?? 0) === 0) return null;
  return `${formatNumber(window.lateTaken ?? 0, 'row')} with ${window.column} up to ${window.from} came after the run before; this run takes them`;
}

/** How many rows came too late and which, for people; null: none did. */
export function lateRowsText(window: IncrementalPlan | null | undefined): string | null {
  if (window?.kind !== 'column' || window.from === null || (window.lateRows ?? 0) === 0) return null;
  return `${formatNumber(window.lateRows ?? 0, 'row')} with ${window.column} up to ${window.from} came after the run before, and no run takes them`;
}

/** How many rows are gone that late rows can hide behind, for people; null: none are. */
export function deletedRowsText(window: IncrementalPlan | null | undefined): string | null {
  if (window?.kind !== 'column' || (window.deletedRows ?? 0) === 0) return null;
  return `at least ${formatNumber(window.deletedRows ?? 0, 'row')} that the run before counted ${window.deletedRows === 1 ? 'is' : 'are'} gone: as many rows may have come too late and are not counted`;
}

/**
 * The part of an input's growth that a run takes, by where it starts: known before the input is read, and
 * the same however much the input grows until the run is done.
 */
export function windowName(
  { after, full }: Pick<ChainLink, 'after' | 'full'>,
  extended: { readonly runId: string } | null,
): string {
  // After a rollback: a run that was planned to go on from what was rolled back is not continued.
  const onto = extended === null || extended.runId === after ? '' : `, onto ${extended.runId}`;
  return `${full ? 'everything, ' : ''}${after === null ? 'from the beginning' : `after ${after}`}${onto}`;
}
