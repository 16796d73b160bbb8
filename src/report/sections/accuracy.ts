import type { AccuracyFigures, SegmentFigures } from '../../core/accuracy.ts';
import { formatCount } from '../../core/text/amounts.ts';
import { card, lead, missing } from '../card.ts';
import { barRows } from '../chart/bar-rows.ts';
import { type Cell, dataTable, numberCell, tableBehind } from '../data-table.ts';
import type { AccuracyFacts } from '../facts/accuracy-facts.ts';
import type { Known } from '../facts/known.ts';
import { type Html, html } from '../html.ts';
import { formatInstant, formatShare, formatValue, plural } from '../numbers.ts';

/** How good the predictions were, beside the naive forecast. Empty where the run is not scored. */
export function accuracySections(accuracy: Known<AccuracyFacts | null>): readonly Html[] {
  if (!accuracy.isKnown) return [card('Accuracy', missing(accuracy.why), { isWide: true })];
  if (accuracy.value === null) return [];
  const { record, worst } = accuracy.value;
  const columns = [...new Set(worst.map(({ by }) => by))];
  return [
    card('Accuracy', [lead(introduction(accuracy.value)), wholeTable(record.whole), notes(accuracy.value)], {
      isWide: true,
    }),
    ...segmentsCard('horizon', 'Error by horizon, in days', record.horizons),
    ...segmentsCard('weekday', 'Error by weekday', record.weekdays),
    ...columns.flatMap((column) =>
      segmentsCard(
        'worst',
        `Greatest error by ${column}`,
        worst.filter(({ by }) => by === column),
      ),
    ),
  ];
}

function introduction({ record, records }: AccuracyFacts): string {
  const { whole, prediction, column, actualsUntil, scoredAt } = record;
  const until = actualsUntil === null ? '' : `, up to ${actualsUntil.replace(/ 00:00:00$/, '')}`;
  const again =
    records === 1 ? '' : ` Actuals that came later or were revised made ${plural(records, 'record')}.`;
  return `${prediction} compared with ${column}: ${formatCount(whole.scored)} of ${plural(whole.predictions, 'prediction')} have an actual${until}. Scored ${formatInstant(scoredAt)}; what came true later is not in it.${again}`;
}

function wholeTable({ wape, mae, bias, rmsse, scored, naive, ...figures }: AccuracyFigures): Html {
  const rows: Cell[][] = [
    ['WAPE', share(wape), share(naive.wape)],
    ['MAE', value(mae), value(naive.mae)],
    ['RMSSE', value(rmsse), value(naive.rmsse)],
    ['bias (prediction less actual)', value(bias), ''],
    ['predictions compared', numberCell(formatCount(scored)), numberCell(formatCount(naive.scored))],
    ['skill (1: no error; 0: as the naive forecast)', share(naive.skill), ''],
  ];
  const quantiles = figures.quantiles.map(({ quantile, column, pinball, below }): Cell[] => [
    column,
    share(quantile),
    share(below),
    value(pinball),
  ]);
  const intervals = figures.intervals.map(({ level, lower, upper, coverage, width }): Cell[] => [
    `${lower} to ${upper}`,
    share(level),
    share(coverage),
    value(width),
  ]);
  return html`${[
    dataTable(['', 'Predictions', 'Naive forecast'], rows),
    quantiles.length === 0
      ? null
      : dataTable(['Quantile', 'Wanted', 'Actuals at or below', 'Pinball loss'], quantiles),
    intervals.length === 0 ? null : dataTable(['Interval', 'Wanted', 'Actuals inside', 'Width'], intervals),
  ]}`;
}

function notes({ record: { afterwards, unusableActuals, whole } }: AccuracyFacts): Html {
  return html`${[
    missing(
      'The naive forecast is the last actual of the same weekday that was known when the run was made, at most four weeks old.',
    ),
    afterwards === 0
      ? null
      : missing(
          `${plural(afterwards, 'prediction was', 'predictions were')} published only after the time that ${afterwards === 1 ? 'it predicts' : 'they predict'}: a backtest, not a forecast.`,
        ),
    unusableActuals === 0
      ? null
      : missing(
          `${plural(unusableActuals, 'row')} of the actuals ${unusableActuals === 1 ? 'was' : 'were'} left out: without a key, a date or a finite value.`,
        ),
    whole.scored === whole.predictions
      ? null
      : missing(`${plural(whole.predictions - whole.scored, 'prediction')} without an actual.`),
  ]}`;
}

/** Bars of the WAPE, and the figures behind them. Empty where no segment has any. */
function segmentsCard(kind: string, title: string, segments: readonly SegmentFigures[]): readonly Html[] {
  const scored = segments.filter(({ figures }) => figures.wape !== null);
  if (scored.length === 0) return [];
  const id = `accuracy-${kind}-${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;
  const rows = scored.map(({ segment, figures }) => ({
    name: segment,
    value: figures.wape ?? 0,
    text: `${formatShare(figures.wape ?? 0)}${figures.naive.wape === null ? '' : ` (naive ${formatShare(figures.naive.wape)})`}`,
  }));
  const description = 'WAPE: the sum of the errors as a share of the sum of the actuals.';
  return [
    card(title, [
      lead(description),
      barRows({ id, title, description }, rows, Math.max(...rows.map((row) => row.value))),
      tableBehind(
        ['', 'Compared', 'WAPE', 'Naive WAPE', 'Skill', 'MAE', 'Bias', 'RMSSE'],
        scored.map(({ segment, figures }) => segmentCells(segment, figures)),
      ),
    ]),
  ];
}

function segmentCells(segment: string, { scored, wape, naive, mae, bias, rmsse }: AccuracyFigures): Cell[] {
  return [
    segment,
    numberCell(formatCount(scored)),
    share(wape),
    share(naive.wape),
    share(naive.skill),
    value(mae),
    value(bias),
    value(rmsse),
  ];
}

function share(of: number | null): Cell {
  return numberCell(of === null ? '–' : `${(100 * of).toFixed(1)}%`);
}

function value(of: number | null): Cell {
  return numberCell(of === null ? '–' : formatValue(of));
}
