import type { Estimate } from '../../core/estimate.ts';
import { formatNumber, formatPercent } from '../../core/text/amounts.ts';
import type { RunRecord } from '../../runs/record/run-record.ts';
import { formatBytes, formatCount, formatSeconds } from './format.ts';

/** What a run of so many rows would take: `4.1 s (give or take 30%), 170,000 rows/s, 1.4 MB of Parquet, 30 MB in the store`. */
export function estimateText(estimate: Estimate, rows: number): string {
  const { seconds, within, partBytes, store } = estimate;
  const held = store === null ? '' : `, ${formatBytes(store.held)} in the store`;
  const rate = formatCount(Math.round(rows / seconds));
  return `${formatSeconds(seconds)} (give or take ${formatPercent(within)}), ${rate} rows/s, ${formatBytes(partBytes)} of Parquet${held}; ${basisText(estimate.basis)}`;
}

/** How far off an estimate was: `11% more time than expected (4.1 s), 0% more Parquet, ...`. */
export function missText({ seconds, off, basis }: NonNullable<RunRecord['estimate']>): string {
  const store = off.storeBytes === null ? '' : `, keys and values ${shareText(off.storeBytes)}`;
  return `time ${shareText(off.seconds)} than expected (${formatSeconds(seconds)}), Parquet ${shareText(off.partBytes)}${store}; expected ${basisText(basis)}`;
}

function shareText(share: number): string {
  return `${formatPercent(Math.abs(share))} ${share < 0 ? 'less' : 'more'}`;
}

function basisText(basis: Estimate['basis']): string {
  if (basis.kind === 'sample') return `from a sample of ${formatNumber(basis.rows, 'row')}`;
  return basis.runs === 1 ? `from run ${basis.newest}` : `from the last ${basis.runs} runs like it`;
}
