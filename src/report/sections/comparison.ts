import type { ColumnComparison, Comparison, NumberComparison } from '../../compare/comparison.ts';
import { formatCount } from '../../core/text/amounts.ts';
import { card, lead, missing } from '../card.ts';
import { barRows } from '../chart/bar-rows.ts';
import { type Bin, HISTOGRAM_SPAN, histogram } from '../chart/histogram.ts';
import { linearScale } from '../chart/scale.ts';
import { type Cell, dataTable, numberCell, tableBehind } from '../data-table.ts';
import { type Html, html } from '../html.ts';
import { formatShare, formatValue } from '../numbers.ts';

const SEGMENTS_SHOWN = 12;

/** What differs from a run that somebody named, key by key. Empty where nobody did. */
export function comparisonSections(comparison: Comparison | null): readonly Html[] {
  if (comparison === null) return [];
  return [keysCard(comparison), ...comparison.columns.map(columnCard)];
}

function keysCard({ before, keys, key, examples, onlyBefore, onlyAfter, notes }: Comparison): Html {
  const count = (name: string, amount: number, names: readonly string[]): readonly Cell[] => [
    name,
    numberCell(formatCount(amount)),
    names.join(', '),
  ];
  return card(
    'Key by key',
    [
      lead(
        html`Compared with run <code>${before.runId}</code> of ${before.job}, made by ${before.model}. Rows with the same ${key.join(', ')} belong together.`,
      ),
      dataTable(
        ['Keys', 'Count', 'For example'],
        [
          count('In both', keys.both, []),
          count('Only in the other run', keys.onlyBefore, examples.onlyBefore),
          count('Only in this run', keys.onlyAfter, examples.onlyAfter),
        ],
      ),
      onlyBefore.length === 0 ? null : missing(`Only the other run has: ${onlyBefore.join(', ')}.`),
      onlyAfter.length === 0 ? null : missing(`Only this run has: ${onlyAfter.join(', ')}.`),
      notes.map((note) => missing(note)),
    ],
    { isWide: true },
  );
}

function columnCard(column: ColumnComparison, index: number): Html {
  const { name, numbers, changed, unchanged } = column;
  const pictures = [
    lead(
      `${formatCount(changed)} of ${formatCount(changed + unchanged)} keys that both runs have changed (${formatShare(changed / Math.max(changed + unchanged, 1))}).`,
    ),
    numbers === null ? null : differencesPicture(name, numbers, `difference-${index}`),
    segmentsPicture(column, `difference-by-${index}`),
  ];
  const figures = [numbers === null ? null : figuresTable(numbers), biggestTable(column)];
  return card(
    `Key by key: ${name}`,
    html`<div class="pair"><div>${pictures}</div><div>${figures}</div></div>`,
    { isWide: true },
  );
}

function differencesPicture(name: string, { histogram: bins }: NumberComparison, id: string): Html {
  const [first, last] = [bins[0], bins[bins.length - 1]];
  if (first === undefined || last === undefined)
    return missing('There is nothing to draw: no key changed, or all changed by the same.');
  const changed = bins.reduce((sum, { keys }) => sum + keys, 0);
  const description = `How far ${name} of this run lies above that of the other one: the share of the keys that changed, in each of ${bins.length} bins. Differences beyond the 1% and 99% quantiles are in the first and the last bar.`;
  const shares: Bin[] = bins.map(({ from, to, keys: count }) => ({ from, to, value: count / changed }));
  return html`${[
    lead(description),
    histogram({
      caption: { id, title: `Differences of ${name}`, description },
      bins: shares,
      marks: first.from < 0 && last.to > 0 ? [{ at: 0, text: 'no change' }] : [],
      scale: linearScale(first.from, last.to, HISTOGRAM_SPAN, 6),
      unit: 'this run minus the other',
      label: 'share of the keys that changed',
      formatValue,
      formatAmount: formatShare,
    }),
    tableBehind(
      ['From', 'To', 'Keys'],
      bins
        .filter(({ keys: count }) => count > 0)
        .map(({ from, to, keys: count }) =>
          [formatValue(from), formatValue(to), formatCount(count)].map(numberCell),
        ),
    ),
  ]}`;
}

/** Where it changed: the segments that changed most. */
function segmentsPicture({ name, segments }: ColumnComparison, id: string): Html | null {
  const shown = segments
    .map((segment) => ({ ...segment, share: segment.changed / Math.max(segment.keys, 1) }))
    .sort((a, b) => b.share - a.share)
    .slice(0, SEGMENTS_SHOWN);
  if (shown.length === 0 || shown.every(({ share }) => share === 0)) return null;
  const description = `The share of the keys whose ${name} changed, by ${shown[0]?.column ?? ''}: the ${shown.length} that changed most, of ${segments.length}.`;
  return html`${[
    lead(description),
    barRows(
      { id, title: `Where ${name} changed`, description },
      shown.map(({ value, share }) => ({ name: value ?? 'NULL', value: share, text: formatShare(share) })),
      Math.max(...shown.map(({ share }) => share)),
    ),
    tableBehind(
      ['Segment', 'Keys', 'Changed', 'Bias'],
      shown.map(({ value, keys, changed, bias }) => [
        value ?? 'NULL',
        ...[formatCount(keys), formatCount(changed), bias === null ? '–' : formatValue(bias)].map(numberCell),
      ]),
    ),
  ]}`;
}

function figuresTable(numbers: NumberComparison): Html {
  const { meanBefore, meanAfter, bias, correlation, absolute, relative, isEstimate } = numbers;
  const amount = (value: number | null | undefined): Cell =>
    numberCell(value === null || value === undefined ? '–' : formatValue(value));
  const share = (value: number | undefined): Cell =>
    numberCell(value === undefined ? '–' : formatShare(value));
  const about = isEstimate ? ', about' : '';
  return dataTable(
    ['Figure', 'Value'],
    [
      ['Mean, other run', amount(meanBefore)],
      ['Mean, this run', amount(meanAfter)],
      ['Bias', amount(bias)],
      ['Mean change', amount(numbers.meanAbsolute)],
      ['Root mean square', amount(numbers.rootMeanSquare)],
      ['Correlation', amount(correlation)],
      [`Median change${about}`, amount(absolute.at[3])],
      [`95% of the changes${about}`, amount(absolute.at[5])],
      ['Greatest change', amount(absolute.greatest)],
      ...(relative === null
        ? []
        : [
            [`Median, relative${about}`, share(relative.at[3])] as const,
            [`95%, relative${about}`, share(relative.at[5])] as const,
          ]),
    ],
  );
}

function biggestTable({ biggest }: ColumnComparison): Html | null {
  if (biggest.length === 0) return null;
  return html`<h3>The biggest changes</h3>${dataTable(
    ['Key', 'Other run', 'This run'],
    biggest.map(({ key, before, after }) => [key, numberCell(before ?? 'null'), numberCell(after ?? 'null')]),
  )}`;
}
