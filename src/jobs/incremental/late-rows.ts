import type { ColumnWindow } from '../../core/incremental.ts';
import { formatNumber } from '../../core/text/amounts.ts';
import type { PassedRows } from '../../source/incremental/take-rows.ts';

/**
 * Rows that came after the run that has the watermark and are not above it, and that no run takes. Rows that were
 * deleted since hide as many: those with exactly the watermark are counted by themselves, and those within the
 * job's lateness are known one by one, so that only rows below it can be hidden.
 */
export function countLateRows(
  last: Pick<ColumnWindow, 'rowsAtTo' | 'rowsUpTo' | 'lateWindow'>,
  passed: PassedRows | null,
): number {
  if (passed === null) return 0;
  if (passed.late !== null && last.lateWindow !== undefined)
    return Math.max(0, passed.late.below - last.lateWindow.rowsBelow) + passed.late.overtaken;
  // A run of an earlier version does not say how many it had passed.
  const upTo = last.rowsUpTo === undefined ? 0 : passed.upTo - last.rowsUpTo;
  return Math.max(0, upTo, passed.at - last.rowsAtTo);
}

/**
 * Rows that were counted by the run that has the watermark and are gone, as far as no others came: as many that came
 * too late cannot be told from them.
 */
export function countDeletedRows(
  last: Pick<ColumnWindow, 'rowsUpTo' | 'lateWindow'>,
  passed: PassedRows | null,
): number {
  if (passed === null) return 0;
  if (passed.late !== null && last.lateWindow !== undefined)
    return Math.max(0, last.lateWindow.rowsBelow - passed.late.below);
  return last.rowsUpTo === undefined ? 0 : Math.max(0, last.rowsUpTo - passed.upTo);
}

/** What the log says where the count of late rows is not to be relied on. */
export function deletedRowsWarning(
  deleted: number,
  { column, to, lateWindow }: Pick<ColumnWindow, 'column' | 'to' | 'lateWindow'>,
): string {
  const where = lateWindow === undefined ? `up to ${to}` : `below ${lateWindow.from?.value ?? to}`;
  return `At least ${formatNumber(deleted, 'row')} with ${column} ${where} ${deleted === 1 ? 'was' : 'were'} deleted since the run before. As many rows that came too late are not counted: a count cannot tell them apart. If some came, take everything with --full.`;
}

/** What the log says of late rows that are taken and known by all of their columns. */
export function changedRowsNote(taken: number): string {
  return `${formatNumber(taken, 'row')} came late and ${taken === 1 ? 'is' : 'are'} taken. A row that was taken before and has changed since counts as another one: name input.incremental.key where rows change.`;
}

/** What the log says of late rows that are not taken. */
export function lateRowsWarning(
  late: number,
  { column, to, lateWindow }: Pick<ColumnWindow, 'column' | 'to' | 'lateWindow'>,
): string {
  const cure =
    lateWindow === undefined
      ? 'a run takes what is above it. Set input.incremental.lateness, use a column that grows with each row, or take everything with --full'
      : `they are below ${lateWindow.from?.value ?? to}, where input.incremental.lateness ends, or older than a row of the same key. A longer lateness finds those that come later than now; --full takes everything`;
  return `${formatNumber(late, 'row')} with ${column} up to ${to} came after the run that ended there, and will not be taken: ${cure}.`;
}
