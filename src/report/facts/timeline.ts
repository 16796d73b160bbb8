import type { ShardRecord } from '../../runs/record/shard-record.ts';
import type { Bin } from '../chart/histogram.ts';

/** A shard as it was computed; times in seconds since the timeline begins. */
export interface TimedShard {
  readonly index: number;
  readonly rows: number;
  readonly rejects: number;
  readonly attempt: number;
  readonly from: number;
  readonly to: number;
  /** From 0: shards of one lane were computed one after the other. */
  readonly lane: number;
}

/** The shards that were computed together: those of the last attempt, where there was a long pause. */
export interface Timeline {
  /** ISO 8601. */
  readonly startedAt: string;
  readonly seconds: number;
  readonly shards: readonly TimedShard[];
  readonly lanes: number;
  /** Shards that an earlier attempt had computed, before the pause. */
  readonly earlierShards: number;
}

/** Runs are continued after hours or days: a picture of that would show the pause and nothing else. */
const LONG_PAUSE_MS = 60_000;
const MOST_BINS = 48;
/** Shards that clocks say took no time still have a width. */
const SHORTEST_MS = 1;

/** Puts shards on one axis of time. Null where there are none. */
export function timelineOf(records: readonly ShardRecord[]): Timeline | null {
  const spans = records
    .map((record) => {
      const start = Date.parse(record.startedAt);
      return { record, start, end: Math.max(start + SHORTEST_MS, Date.parse(record.finishedAt)) };
    })
    .sort((a, b) => a.start - b.start || a.record.index - b.record.index);
  const last = spans.slice(afterLastPause(spans));
  const [first] = last;
  if (first === undefined) return null;
  const seconds = (ms: number): number => (ms - first.start) / 1000;
  const laneEnds: number[] = [];
  const shards = last.map(({ record, start, end }) => {
    const free = laneEnds.findIndex((laneEnd) => laneEnd <= start);
    const lane = free === -1 ? laneEnds.length : free;
    laneEnds[lane] = end;
    const { index, rowsIn: rows, rejects, attempt } = record;
    return { index, rows, rejects, attempt, from: seconds(start), to: seconds(end), lane };
  });
  return {
    startedAt: first.record.startedAt,
    seconds: Math.max(...shards.map(({ to }) => to)),
    shards,
    lanes: laneEnds.length,
    earlierShards: spans.length - last.length,
  };
}

function afterLastPause(spans: readonly { readonly start: number; readonly end: number }[]): number {
  let from = 0;
  let end = Number.POSITIVE_INFINITY;
  spans.forEach((span, index) => {
    if (span.start - end > LONG_PAUSE_MS) from = index;
    end = Math.max(index === 0 ? span.end : end, span.end);
  });
  return from;
}

/** Rows a second over time. The rows of a shard count evenly from its start to its end. */
export function throughputOf({ shards, seconds }: Timeline): readonly Bin[] {
  const count = Math.min(MOST_BINS, Math.max(1, shards.length));
  const width = seconds / count;
  const rows = new Float64Array(count);
  for (const shard of shards) {
    const rate = shard.rows / (shard.to - shard.from);
    const last = Math.min(count - 1, Math.floor(shard.to / width));
    for (let bin = Math.min(last, Math.floor(shard.from / width)); bin <= last; bin++) {
      const shared = Math.min(shard.to, (bin + 1) * width) - Math.max(shard.from, bin * width);
      rows[bin] = (rows[bin] ?? 0) + rate * Math.max(0, shared);
    }
  }
  return Array.from(rows, (value, bin) => ({
    from: bin * width,
    to: (bin + 1) * width,
    value: value / width,
  }));
}
