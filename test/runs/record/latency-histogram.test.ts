import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bucketRange,
  LatencyHistogram,
  latencyHistogramSchema,
} from '../../../src/runs/record/latency-histogram.ts';

/** Milliseconds from a microsecond to a day, spread over all magnitudes. */
const durations = fc.array(
  fc.double({ min: -3, max: 7.9, noNaN: true }).map((exponent) => 10 ** exponent),
  { minLength: 1, maxLength: 300 },
);

function histogramOf(ms: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const each of ms) histogram.record(each);
  return histogram;
}

/** The smallest value that `percent` of all do not exceed. */
function exactPercentile(ms: readonly number[], percent: number): number {
  const sorted = [...ms].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil((percent / 100) * sorted.length)) - 1] ?? Number.NaN;
}

describe('percentiles', () => {
  test('are within 2 % of the exact ones, whatever the durations', () => {
    fc.assert(
      fc.property(durations, fc.constantFrom(0, 50, 95, 99, 100), (ms, percent) => {
        const exact = exactPercentile(ms, percent);
        expect(Math.abs(histogramOf(ms).percentile(percent) - exact)).toBeLessThanOrEqual(exact * 0.02);
      }),
    );
  });

  test('of nothing are 0', () => {
    expect(new LatencyHistogram().percentile(50)).toBe(0);
    expect(new LatencyHistogram().max).toBe(0);
  });

  test('the slowest is exact, also beyond the last bucket', () => {
    const histogram = histogramOf([1, 1e12]);
    expect(histogram.max).toBe(1e12);
    expect(histogram.percentile(100)).toBe(1e12);
  });

  test('a duration of zero or less is counted', () => {
    const histogram = histogramOf([0, -1, 10]);
    expect(histogram.count).toBe(3);
    expect(histogram.percentile(50)).toBeLessThanOrEqual(0.001);
  });
});

test('merging is as recording all in one', () => {
  fc.assert(
    fc.property(durations, durations, (first, second) => {
      const merged = histogramOf(first);
      merged.merge(histogramOf(second));
      expect(merged.toJSON()).toEqual(histogramOf([...first, ...second]).toJSON());
      expect(merged.count).toBe(first.length + second.length);
    }),
  );
});

test('JSON keeps everything, and only the buckets that are used', () => {
  const histogram = histogramOf([1, 1, 500]);
  const json = histogram.toJSON();
  expect(json.buckets).toHaveLength(2);
  const parsed = latencyHistogramSchema.parse(JSON.parse(JSON.stringify(json)));
  expect(LatencyHistogram.fromJSON(parsed).toJSON()).toEqual(json);
  expect(LatencyHistogram.fromJSON(parsed).percentile(50)).toBe(histogram.percentile(50));
});

test.each([
  { maxMs: 1, buckets: [[-1, 1]] },
  { maxMs: 1, buckets: [[100_000, 1]] },
  { maxMs: 1, buckets: [[3, 0.5]] },
  { maxMs: 1, buckets: [[3, -2]] },
  { maxMs: -1, buckets: [] },
])('%j is refused', (json) => {
  expect(latencyHistogramSchema.safeParse(json).success).toBe(false);
});

describe('the range of a bucket', () => {
  test('holds the durations that are counted in it', () => {
    fc.assert(
      fc.property(durations, (ms) => {
        for (const each of ms) {
          const [bucket = -1] = histogramOf([each]).toJSON().buckets[0] ?? [];
          const { fromMs, toMs } = bucketRange(bucket);
          expect(each).toBeGreaterThan(fromMs * (1 - 1e-9));
          expect(each).toBeLessThanOrEqual(toMs * (1 + 1e-9));
        }
      }),
    );
  });
});
