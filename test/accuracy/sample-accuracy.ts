import type { AccuracyRecord } from '../../src/accuracy/accuracy-record.ts';
import type { AccuracyFigures } from '../../src/core/accuracy.ts';

export function sampleFigures(changes: Partial<AccuracyFigures> = {}): AccuracyFigures {
  return {
    ...{ predictions: 10, scored: 8, absoluteError: 20, absoluteActual: 100 },
    ...{ wape: 0.2, mae: 2.5, bias: -0.5, biasShare: -0.04, rmsse: 0.8 },
    naive: {
      ...{ scored: 8, absoluteError: 25, absoluteErrorOfPredictions: 20 },
      ...{ wape: 0.25, mae: 3.125, rmsse: 1, skill: 0.2 },
    },
    quantiles: [],
    intervals: [],
    ...changes,
  };
}

/** A record in which every name that comes from data is `text`. */
export function sampleAccuracy(text: string, changes: Partial<AccuracyRecord> = {}): AccuracyRecord {
  const whole = sampleFigures({
    quantiles: [{ quantile: 0.9, column: text, scored: 8, pinball: 0.7, below: 0.75 }],
    intervals: [{ level: 0.9, lower: text, upper: text, scored: 8, coverage: 0.875, width: 12 }],
  });
  return {
    ...{
      formatVersion: 1,
      runId: '20261121T000000Z-0001',
      number: 1,
      version: '00',
      segments: 'segments-00.parquet',
    },
    ...{ scoredAt: '2026-11-28T06:00:00.000Z', origin: '2026-11-21T00:00:00', publishedAt: null },
    ...{
      prediction: text,
      column: text,
      actualsUntil: '2026-11-27 00:00:00',
      unusableActuals: 1,
      afterwards: 2,
    },
    whole,
    horizons: [{ by: 'horizon', segment: '1', figures: sampleFigures() }],
    weekdays: [{ by: 'weekday', segment: 'Saturday', figures: sampleFigures() }],
    ...changes,
  };
}
