import type { AccuracyRecord } from '../../accuracy/accuracy-record.ts';
import type { AccuracyFigures } from '../../core/accuracy.ts';
import { formatCount, formatNumber, formatTable, type Pair } from './format.ts';

/** How good a run was, in a line. */
export function accuracyPairs(record: AccuracyRecord): readonly Pair[] {
  const { whole, prediction } = record;
  const { naive } = whole;
  const beside =
    naive.wape === null
      ? 'no naive forecast to compare with'
      : `naive forecast ${shareText(naive.wape)}, skill ${shareText(naive.skill)}`;
  return [
    [
      'accuracy',
      `${prediction}: WAPE ${shareText(whole.wape)} (${beside}), bias ${figureText(whole.bias)}; ${formatCount(whole.scored)} of ${formatCount(whole.predictions)} predictions have an actual`,
    ],
    ...whole.intervals.map(
      ({ level, coverage, width }) =>
        [
          'intervals',
          `${shareText(coverage)} of the actuals lie in the intervals of ${shareText(level)}, which are ${figureText(width)} wide`,
        ] as const,
    ),
  ];
}

/** The table of horizons that `runs show` adds. Empty where predictions are for no date. */
export function horizonTable({ horizons }: AccuracyRecord): string {
  const known = horizons.filter(({ figures }) => figures.scored > 0);
  if (known.length === 0) return '';
  return formatTable(
    ['HORIZON', 'SCORED', 'WAPE', 'MAE', 'BIAS', 'NAIVE WAPE', 'SKILL'],
    known.map(({ segment, figures }) => [segment, ...horizonCells(figures)]),
  );
}

function horizonCells({ scored, wape, mae, bias, naive }: AccuracyFigures): readonly string[] {
  return [
    formatCount(scored),
    shareText(wape),
    figureText(mae),
    figureText(bias),
    shareText(naive.wape),
    shareText(naive.skill),
  ];
}

/** That a run predicted what was over when it was published. */
export function afterwardsText({ runId, afterwards, whole }: AccuracyRecord): string {
  return `${runId}: ${formatCount(afterwards)} of ${formatNumber(whole.predictions, 'prediction')} were published only after their date: a backtest, not a forecast.\n`;
}

/** `12.3%`; a dash where there is none. */
export function shareText(share: number | null): string {
  return share === null ? '-' : `${(share * 100).toFixed(1)}%`;
}

/** Three digits that count. */
export function figureText(value: number | null): string {
  if (value === null) return '-';
  return Math.abs(value) >= 1000 ? formatCount(value) : String(Number(value.toPrecision(3)));
}
