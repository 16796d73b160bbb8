import { formatCount } from '../../core/text/amounts.ts';
import { card, lead, missing } from '../card.ts';
import { barRows } from '../chart/bar-rows.ts';
import { dataTable, numberCell } from '../data-table.ts';
import type { Known } from '../facts/known.ts';
import type { RejectExample, RejectFacts, RejectGroup } from '../facts/rejects-facts.ts';
import { type Html, html } from '../html.ts';
import { formatShare, plural } from '../numbers.ts';

/** Why rows were rejected, with some of them. */
export function rejectsSection(rejects: Known<RejectFacts>, rowsIn: number | null): Html {
  const title = 'Rejects by reason';
  const isWide = { isWide: true };
  if (!rejects.isKnown) return card(title, missing(rejects.why), isWide);
  const { groups, others } = rejects.value;
  const total = others + groups.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return card(title, missing('No row was rejected.'), isWide);
  const share = rowsIn === null || rowsIn === 0 ? '' : ` (${formatShare(total / rowsIn)} of the rows)`;
  const description = `${plural(total, 'row')}${share} could not be scored, for ${plural(groups.length, 'reason')}${others === 0 ? '' : ' and more'}.`;
  const rows = groups.map(({ count }, index) => ({
    name: `reason ${index + 1}`,
    value: count,
    text: formatCount(count),
  }));
  return card(
    title,
    [
      lead(description),
      groups.length > 1
        ? html`<div class="narrow">${barRows({ id: 'rejects', title, description }, rows, groups[0]?.count ?? 1)}</div>`
        : null,
      groups.map(groupHtml),
      others === 0 ? null : missing(`${plural(others, 'reject')} of other reasons are not shown.`),
    ],
    isWide,
  );
}

function groupHtml({ column, reason, count, examples }: RejectGroup, index: number): Html {
  const hasKeys = examples.some(({ key }) => key !== null);
  return html`<h3>${index + 1}. ${column === null ? null : html`<code>${column}</code> `}${reason} <span class="count">${plural(count, 'row')}</span></h3>${dataTable(
    ['Value', ...(hasKeys ? ['Key'] : []), 'File', 'Row', 'Line'],
    examples.map((example) => [
      valueText(example),
      ...(hasKeys ? [example.key ?? ''] : []),
      example.file ?? '',
      numberCell(example.row === null ? '' : formatCount(example.row)),
      numberCell(example.line === null ? '' : formatCount(example.line)),
    ]),
  )}${count > examples.length ? html`<p class="more">and ${formatCount(count - examples.length)} more</p>` : null}`;
}

function valueText({ value }: RejectExample): string {
  return value === null ? '(null)' : value === '' ? '(empty)' : value;
}
