import { formatCount } from '../../core/text/amounts.ts';
import { card, lead, missing } from '../card.ts';
import { barRows } from '../chart/bar-rows.ts';
import { type Bin, HISTOGRAM_SPAN, histogram } from '../chart/histogram.ts';
import { linearScale } from '../chart/scale.ts';
import { type Cell, dataTable, numberCell, tableBehind } from '../data-table.ts';
import type { BinPlan } from '../facts/common-bins.ts';
import type { Known } from '../facts/known.ts';
import type { ColumnFacts, Shape } from '../facts/prediction-facts.ts';
import type { ColumnStats } from '../facts/prediction-stats.ts';
import type { PredictionsFacts } from '../facts/report-facts.ts';
import { type Html, html } from '../html.ts';
import { formatShare, formatValue } from '../numbers.ts';

/** How the predictions are spread, beside those of the run before. */
export function predictionsSections(predictions: Known<PredictionsFacts>): readonly Html[] {
  if (!predictions.isKnown) return [card('Predictions', missing(predictions.why), { isWide: true })];
  const { columns, leftOut, before } = predictions.value;
  const introduction = card(
    'Predictions',
    [
      before.isKnown
        ? lead(html`Beside those of run <code>${before.value}</code>, which came before this one.`)
        : missing(before.why),
      leftOut.map((sentence) => missing(sentence)),
    ],
    { isWide: true },
  );
  return [introduction, ...columns.map(columnCard)];
}

function columnCard(facts: ColumnFacts, index: number): Html {
  const { column, stats, statsBefore, shape } = facts;
  const picture = [
    shapePicture(facts, shape, `prediction-${index}`),
    stats.notFinite > 0
      ? missing(`${formatCount(stats.notFinite)} values are NaN or infinite: they are not in the picture.`)
      : null,
  ];
  const figures = statsTable(stats, statsBefore, column.kind === 'text');
  return card(
    `Predictions: ${column.name}`,
    html`<div class="pair"><div>${picture}</div><div>${figures}</div></div>`,
    { isWide: true },
  );
}

function shapePicture(facts: ColumnFacts, shape: Shape, id: string): Html {
  switch (shape.kind) {
    case 'bins':
      return binsPicture(facts, shape, id);
    case 'texts':
      return textsPicture(facts, shape, id);
    case 'constant':
      return missing(
        facts.stats.min === null
          ? 'Nothing to draw: all values are null or not finite.'
          : `All values are ${formatValue(facts.stats.min)}: there is nothing to draw.`,
      );
  }
}

function binsPicture(facts: ColumnFacts, shape: Shape & { kind: 'bins' }, id: string): Html {
  const { column } = facts;
  const { plan, counts, countsBefore } = shape;
  const bins = sharesOf(plan, counts);
  const before = countsBefore === null ? undefined : sharesOf(plan, countsBefore);
  const overlap = before === undefined ? null : overlapOf(bins, before);
  const description = [
    `The share of the predictions in each of ${plan.count} bins.`,
    overlap === null
      ? ''
      : ` The two runs overlap by ${formatShare(overlap)}: 100% is the same distribution.`,
    plan.isCut ? ' Some values lie far outside: they are counted in the first and the last bar.' : '',
  ].join('');
  return html`${[
    lead(description),
    legend(before !== undefined),
    histogram({
      caption: { id, title: `Distribution of ${column.name}`, description },
      bins,
      before,
      scale: linearScale(plan.from, plan.from + plan.width * plan.count, HISTOGRAM_SPAN, 6),
      unit: column.name.length > 40 ? null : column.name,
      label: 'share of the predictions',
      formatValue,
      formatAmount: formatShare,
    }),
    tableBehind(
      ['From', 'To', 'This run', ...(before === undefined ? [] : ['Run before'])],
      bins.flatMap(({ from, to, value }, index) => {
        const other = before?.[index]?.value;
        if (value === 0 && (other ?? 0) === 0) return [];
        const cells = [formatValue(from), formatValue(to), formatShare(value)].map(numberCell);
        return [other === undefined ? cells : [...cells, numberCell(formatShare(other))]];
      }),
    ),
  ]}`;
}

function sharesOf(plan: BinPlan, counts: readonly number[]): Bin[] {
  const total = sum(counts);
  return counts.map((count, index) => ({
    from: plan.from + index * plan.width,
    to: plan.from + (index + 1) * plan.width,
    value: total === 0 ? 0 : count / total,
  }));
}

/** The share that two distributions have in common, 0 to 1: the sum of the smaller of each pair of bars. */
function overlapOf(a: readonly Bin[], b: readonly Bin[]): number {
  const shared = sum(a.map(({ value }, index) => Math.min(value, b[index]?.value ?? 0)));
  // Without the noise of adding up: the same distribution is 100%.
  return Math.min(1, Number(shared.toFixed(9)));
}

function legend(isCompared: boolean): Html | null {
  if (!isCompared) return null;
  return html`<p class="legend"><span class="key this"></span>this run <span class="key before"></span>run before</p>`;
}

function textsPicture(
  { column, stats, statsBefore }: ColumnFacts,
  { texts }: Shape & { kind: 'texts' },
  id: string,
): Html {
  if (texts.length === 0) return missing('Nothing to draw: all values are null.');
  const total = stats.rows - stats.nulls;
  const totalBefore = statsBefore === null ? 0 : statsBefore.rows - statsBefore.nulls;
  const share = (count: number, of: number): number => (of === 0 ? 0 : count / of);
  const rows = texts.map(({ text, count, countBefore }) => ({
    name: text === '' ? '(empty)' : text,
    value: share(count, total),
    text: `${formatShare(share(count, total))}${countBefore === null ? '' : ` (was ${formatShare(share(countBefore, totalBefore))})`}`,
  }));
  const description = `The ${rows.length} values that are found most, of about ${formatCount(stats.distinctTexts)} different ones, and their share of the predictions.`;
  return html`${[
    lead(description),
    barRows(
      { id, title: `Values of ${column.name}`, description },
      rows,
      Math.max(...rows.map(({ value }) => value)),
    ),
    tableBehind(
      ['Value', 'This run', ...(statsBefore === null ? [] : ['Run before'])],
      texts.map(({ text, count, countBefore }) => [
        text,
        numberCell(formatCount(count)),
        ...(countBefore === null ? [] : [numberCell(formatCount(countBefore))]),
      ]),
    ),
  ]}`;
}

function statsTable(stats: ColumnStats, before: ColumnStats | null, isText: boolean): Html {
  const amount = (value: number | null): Cell => numberCell(value === null ? '–' : formatValue(value));
  const count = (value: number): Cell => numberCell(formatCount(value));
  const about = stats.isExact && before?.isExact !== false ? '' : ', about';
  const row = (name: string, of: (each: ColumnStats) => Cell): Cell[] => [
    name,
    of(stats),
    ...(before === null ? [] : [of(before)]),
  ];
  return dataTable(
    ['', 'This run', ...(before === null ? [] : ['Run before'])],
    [
      row('predictions', ({ rows }) => count(rows)),
      row('nulls', ({ nulls }) => count(nulls)),
      ...(isText
        ? [row('different values, about', ({ distinctTexts }) => count(distinctTexts))]
        : [
            row('smallest', ({ min }) => amount(min)),
            row('mean', ({ mean }) => amount(mean)),
            row(`median${about}`, ({ p50 }) => amount(p50)),
            row(`99% are up to${about}`, ({ p99 }) => amount(p99)),
            row('largest', ({ max }) => amount(max)),
          ]),
    ],
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
