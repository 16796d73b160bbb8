import { formatCount, formatSeconds } from '../render/format.ts';
import type { RunState } from './run-state.ts';

const BAR_WIDTH = 20;

/** `score  [████······]  42%  2,940,000 of 7,000,000 rows  0.51 M rows/s  8 s left`, cut to the width. */
export function progressLine(state: RunState, width: number): string {
  const { stage, rowsDone = 0, rowsReused = 0, rowsTotal, rejects = 0, workers, scoringMs } = state;
  if (rowsTotal === undefined || rowsTotal === 0) return `${stage} …`.slice(0, width);
  const rows = rowsDone + rowsReused;
  const share = Math.min(1, rows / rowsTotal);
  const perSecond = scoringMs > 0 ? (rowsDone / scoringMs) * 1000 : 0;
  const left =
    perSecond > 0 && rows < rowsTotal ? `${formatSeconds((rowsTotal - rows) / perSecond)} left` : '';
  const filled = Math.round(share * BAR_WIDTH);
  const pieces = [
    stage,
    `[${'█'.repeat(filled)}${'·'.repeat(BAR_WIDTH - filled)}]`,
    `${Math.floor(share * 100)}%`,
    `${formatCount(rows)} of ${formatCount(rowsTotal)} rows`,
    `${formatCount(perSecond)} rows/s`,
    ...(workers === undefined ? [] : [`${workers} ${workers === 1 ? 'worker' : 'workers'}`]),
    ...(rejects > 0 ? [`${formatCount(rejects)} rejects`] : []),
    ...(left === '' ? [] : [left]),
  ];
  return pieces.join('  ').slice(0, width - 1);
}
