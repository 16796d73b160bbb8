import { formatCount } from '../../core/text/amounts.ts';
import type { CoverageRecord } from '../../runs/record/run-record.ts';
import { card, lead, missing } from '../card.ts';
import { barRows } from '../chart/bar-rows.ts';
import { HISTOGRAM_SPAN, histogram } from '../chart/histogram.ts';
import { linearScale } from '../chart/scale.ts';
import { type Cell, numberCell, tableBehind } from '../data-table.ts';
import type { DimensionFacts, DimensionValue } from '../facts/dimension-facts.ts';
import type { Known } from '../facts/known.ts';
import { type Html, html } from '../html.ts';
import { formatShare, plural } from '../numbers.ts';

/** Up to so many values each have a bar with its name; more of them stand side by side. */
const MOST_NAMED = 14;
const MOST_IN_TABLE = 100;

/** How much of what was expected is there, by store, by product, by day. */
export function dimensionsSections(
  dimensions: Known<readonly DimensionFacts[]>,
  coverage: CoverageRecord | undefined,
): readonly Html[] {
  const title = coverage === undefined ? 'Rejects by key' : 'Coverage';
  const whole = lead(coverage === undefined ? KEY_TEXT : coverageText(coverage));
  if (!dimensions.isKnown) return [card(title, [whole, missing(dimensions.why)], { isWide: true })];
  const complete = dimensions.value.filter(isComplete);
  const others = dimensions.value.filter((each) => !isComplete(each));
  const introduction = card(
    title,
    [
      whole,
      dimensions.value.length === 0
        ? missing('Its parts and its rejects have no key column in common, by which they could be counted.')
        : null,
      complete.length === 0
        ? null
        : html`<p>Nothing is missing by ${complete.map(
            ({ column, distinct, isWhole, values }, index) =>
              html`${index === 0 ? '' : ', '}<b>${column}</b> (${isWhole ? formatCount(values.length) : formatCount(distinct)} values)`,
          )}.</p>`,
    ],
    { isWide: true },
  );
  return [introduction, ...others.map(dimensionCard)];
}

const KEY_TEXT =
  'Rows that have no prediction, by the columns of the key. Rows of text files that could not be split into columns have no key, and are not counted here.';

function coverageText({ expected, present, ratio, min }: CoverageRecord): string {
  return `${formatCount(present)} of ${formatCount(expected)} expected predictions are there: ${formatShare(ratio)}. The job asks for at least ${formatShare(min)} before it is published.`;
}

function isComplete({ values }: DimensionFacts): boolean {
  return values.every(({ missing: count }) => count === 0);
}

function dimensionCard(facts: DimensionFacts, index: number): Html {
  const { column, isWhole, distinct, values } = facts;
  const worst = [...values].sort((a, b) => shareMissing(b) - shareMissing(a));
  const lacking = values.filter((each) => each.missing > 0);
  const description = isWhole
    ? `${formatCount(lacking.length)} of ${plural(values.length, 'value')} miss predictions; most is missing at ${nameOf(worst[0])} (${formatShare(shareMissing(worst[0]))}).`
    : `${plural(distinct, 'value has', 'values have')} predictions; those that miss most are shown.`;
  const caption = { id: `dimension-${index}`, title: `Share missing by ${column}`, description };
  const named = isWhole ? values : worst;
  const rows = named.slice(0, MOST_NAMED).map((each) => ({
    name: nameOf(each),
    value: shareMissing(each),
    text: `${formatShare(shareMissing(each))} (${formatCount(each.missing)})`,
  }));
  const most = Math.max(...values.map(shareMissing));
  return card(`Missing by ${column}`, [
    lead(description),
    isWhole && values.length > MOST_NAMED
      ? sideBySide(caption, values, column)
      : barRows(caption, rows, most),
    tableBehind(
      [column, 'Present', 'Missing', 'Share present'],
      worst
        .slice(0, MOST_IN_TABLE)
        .map((each): Cell[] => [
          nameOf(each),
          numberCell(formatCount(each.present)),
          numberCell(formatCount(each.missing)),
          numberCell(formatShare(1 - shareMissing(each))),
        ]),
    ),
  ]);
}

/** A narrow bar for each value, in order; its name shows when one points at it. */
function sideBySide(
  caption: { readonly id: string; readonly title: string; readonly description: string },
  values: readonly DimensionValue[],
  column: string,
): Html {
  const bins = values.map((each, place) => ({
    from: place - 0.5,
    to: place + 0.5,
    value: shareMissing(each),
  }));
  const scale = linearScale(-0.5, values.length - 0.5, HISTOGRAM_SPAN, 6);
  return histogram({
    caption,
    bins,
    scale,
    unit: column,
    label: 'share missing',
    formatValue: (place) => nameOf(values[place]).slice(0, 10),
    formatAmount: formatShare,
    titleOf: ({ to, value }) => `${nameOf(values[Math.floor(to)])}: ${formatShare(value)} missing`,
  });
}

function nameOf(value: DimensionValue | undefined): string {
  if (value === undefined) return '';
  return value.value ?? '(null)';
}

function shareMissing(value: DimensionValue | undefined): number {
  if (value === undefined) return 0;
  const expected = value.present + value.missing;
  return expected === 0 ? 0 : value.missing / expected;
}
