import { formatCount, formatSeconds } from '../../core/text/amounts.ts';
import { card, lead, missing } from '../card.ts';
import { lanes } from '../chart/lanes.ts';
import { numberCell, tableBehind } from '../data-table.ts';
import type { TimedShard, Timeline } from '../facts/timeline.ts';
import type { Html } from '../html.ts';
import { formatInstant, formatValue, plural } from '../numbers.ts';

/** More would be too thin to see, and make the page large. */
const MOST_SHARDS = 300;
const MOST_LANES = 32;
const SHOWN_IN_TABLE = 20;

/** Which shards were computed when, side by side. */
export function shardsSection(timeline: Timeline | null): Html {
  const title = 'Shards';
  if (timeline === null) return card(title, missing('No shard of this run is committed.'));
  const { shards, seconds, startedAt } = timeline;
  const slowest = [...shards].sort((a, b) => lengthOf(b) - lengthOf(a));
  const retried = shards.filter(({ attempt }) => attempt > 1).length;
  const [first] = slowest;
  const description = `${plural(shards.length, 'shard')}, up to ${timeline.lanes} at once.${
    first === undefined ? '' : ` The longest, shard ${first.index}, took ${formatSeconds(lengthOf(first))}.`
  }${retried === 0 ? '' : ` ${plural(retried, 'shard')} needed more than one attempt (marked).`}`;
  const fits = shards.length <= MOST_SHARDS && timeline.lanes <= MOST_LANES;
  return card(title, [
    lead(description),
    fits
      ? lanes({
          caption: { id: 'shards', title, description },
          bars: shards.map((shard) => ({
            lane: shard.lane,
            from: shard.from,
            to: shard.to,
            title: `shard ${shard.index}: ${plural(shard.rows, 'row')}, ${formatSeconds(lengthOf(shard))}`,
            isMarked: shard.attempt > 1,
          })),
          from: 0,
          to: seconds,
          unit: `seconds since ${formatInstant(startedAt)}`,
          formatValue,
        })
      : missing('There are too many shards for a picture of each.'),
    tableBehind(
      ['Longest shards', 'Rows', 'Rejects', 'Seconds', 'Attempts'],
      slowest
        .slice(0, SHOWN_IN_TABLE)
        .map((shard) => [
          String(shard.index),
          numberCell(formatCount(shard.rows)),
          numberCell(formatCount(shard.rejects)),
          numberCell(lengthOf(shard).toFixed(3)),
          numberCell(formatCount(shard.attempt)),
        ]),
    ),
  ]);
}

function lengthOf({ from, to }: TimedShard): number {
  return to - from;
}
