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
