import { formatNumber } from '../../core/amounts.ts';
import type { ColumnWindow } from '../../core/incremental.ts';
import type { PassedRows } from '../../source/incremental/take-rows.ts';

/**
 * Rows that came after the run that has the watermark and are not above it: no run takes them. Rows that were
 * deleted since hide as many, so that those with exactly the watermark are counted by themselves, too.
 */
export function countLateRows(
  last: Pick<ColumnWindow, 'rowsAtTo' | 'rowsUpTo'>,
  passed: PassedRows | null,
): number {
  if (passed === null) return 0;
  // A run of an earlier version does not say how many it had passed.
  const upTo = last.rowsUpTo === undefined ? 0 : passed.upTo - last.rowsUpTo;
  return Math.max(0, upTo, passed.at - last.rowsAtTo);
}

export function lateRowsWarning(late: number, column: string, watermark: string): string {
  return `${formatNumber(late, 'row')} with ${column} up to ${watermark} came after the run that ended there, and will not be taken: a run takes what is above it. Use a column that grows with each row, or take everything with --full.`;
}
