import { formatCount, formatSeconds } from '../../core/text/amounts.ts';
import { card, lead, missing } from '../card.ts';
import { area } from '../chart/area.ts';
import { numberCell, tableBehind } from '../data-table.ts';
import { type Timeline, throughputOf } from '../facts/timeline.ts';
import { type Html, html } from '../html.ts';
import { formatCompact, formatInstant, formatValue, plural } from '../numbers.ts';

/** Rows a second, from the first shard to the last. */
export function throughputSection(timeline: Timeline | null): Html {
  const title = 'Throughput over time';
  if (timeline === null)
    return card(title, missing('No shard of this run is committed: there is nothing to time.'));
  const bins = throughputOf(timeline);
  const rows = timeline.shards.reduce((sum, shard) => sum + shard.rows, 0);
  const mean = rows / timeline.seconds;
  const description = `${formatCount(rows)} rows in ${formatSeconds(timeline.seconds)}: ${formatCount(mean)} rows a second while shards were computed.`;
  return card(title, [
    lead(html`${description}${earlierText(timeline)}`),
    area({
      caption: { id: 'throughput', title, description },
      bins,
      mean: { value: mean, text: `mean ${formatCompact(mean)}` },
      unit: `seconds since ${formatInstant(timeline.startedAt)}`,
      label: 'rows a second',
      formatValue,
      formatAmount: formatCompact,
    }),
    tableBehind(
      ['From (s)', 'To (s)', 'Rows a second'],
      bins.map(({ from, to, value }) => [
        numberCell(from.toFixed(2)),
        numberCell(to.toFixed(2)),
        numberCell(formatCount(value)),
      ]),
    ),
  ]);
}

function earlierText({ earlierShards }: Timeline): string {
  if (earlierShards === 0) return '';
  return ` ${plural(earlierShards, 'shard')} of an earlier attempt, before a pause, ${earlierShards === 1 ? 'is' : 'are'} not in this picture.`;
}
