import type { Comparison } from '../../src/compare/comparison.ts';
import { known } from '../../src/report/facts/known.ts';
import { latencyOf } from '../../src/report/facts/latency.ts';
import { predictionColumns } from '../../src/report/facts/prediction-columns.ts';
import type { ColumnStats } from '../../src/report/facts/prediction-stats.ts';
import type { ReportFacts } from '../../src/report/facts/report-facts.ts';
import { timelineOf } from '../../src/report/facts/timeline.ts';
import type { RunSummary } from '../../src/runs/list/run-summary.ts';
import { sampleAccuracy, sampleFigures } from '../accuracy/sample-accuracy.ts';
import { samplePlan, sampleRecord, sampleShard } from '../runs/sample-run.ts';

const STATS: ColumnStats = {
  rows: 10,
  nulls: 0,
  notFinite: 0,
  min: 1,
  mean: 2,
  p50: 2,
  p99: 3,
  max: 3,
  isExact: true,
  tails: [1, 3],
  topTexts: [],
  distinctTexts: 0,
};

export function sampleComparison(text: string): Comparison {
  const side = { runId: text, job: text, model: text, rows: 3, duplicates: 0 };
  const spread = { least: -1, at: [-1, -1, 0, 0, 1, 1, 1], greatest: 1 };
  const segment = { column: text, keys: 2, onlyBefore: 0, onlyAfter: 0, changed: 1, beyond: 1 };
  const means = { meanBefore: 1, meanAfter: 2, bias: 1, meanAbsolute: 1 };
  return {
    ...{ before: side, after: side, key: [text], keys: { both: 2, onlyBefore: 1, onlyAfter: 1 } },
    ...{ examples: { onlyBefore: [text], onlyAfter: [text] }, onlyBefore: [text], onlyAfter: [text] },
    notes: [text],
    limit: { change: 0, most: null, beyond: 3, share: 0.75, isMet: true },
    columns: [
      {
        ...{ name: text, kind: 'number', unchanged: 1, changed: 1, lost: 0, found: 0 },
        numbers: {
          ...{ keys: 2, ...means, rootMeanSquare: 1, correlation: 0.5, isEstimate: false },
          ...{ difference: spread, absolute: spread, relative: spread },
          histogram: [
            { from: -1, to: 0, keys: 1 },
            { from: 0, to: 1, keys: 1 },
          ],
        },
        segments: [{ ...segment, value: text, ...means }],
        biggest: [{ key: text, before: text, after: text, difference: null }],
      },
    ],
  };
}

export function sampleSummary(changes: Partial<RunSummary> = {}): RunSummary {
  const plan = samplePlan();
  return {
    runId: plan.runId,
    job: plan.job,
    status: 'published',
    occurrence: null,
    createdAt: plan.createdAt,
    publishedAt: '2026-11-21T00:00:05.000Z',
    plan: undefined,
    record: sampleRecord(plan),
    failure: undefined,
    isCandidate: false,
    canaryShare: null,
    ...changes,
  };
}

/** A report in which every text that comes from data is `text`. */
export function sampleFacts(text: string, changes: Partial<ReportFacts> = {}): ReportFacts {
  const plan = samplePlan();
  const shards = [sampleShard(0), sampleShard(1)];
  const [column] = predictionColumns([
    { output: 'y', elementType: 'float32', width: 1, shape: 'scalar', columns: [text] },
  ]).columns;
  if (column === undefined) throw new Error('no column');
  const before = { stats: STATS, statsBefore: STATS };
  return {
    summary: sampleSummary({ job: text }),
    plan: { ...plan, input: { ...plan.input, paths: [text] }, job: text },
    folder: text,
    madeAt: '2026-11-21T01:00:00.000Z',
    madeBy: '0.1.0',
    shardsDone: shards.length,
    timeline: timelineOf(shards),
    latency: latencyOf(shards),
    stages: { read: 1, features: 2, infer: 3, write: 4, stage: 0 },
    predictions: known({
      columns: [
        {
          ...before,
          column,
          shape: {
            kind: 'bins',
            plan: { from: 1, width: 1, count: 2, isCut: false },
            counts: [6, 4],
            countsBefore: [5, 5],
          },
        },
        {
          ...before,
          column: { ...column, kind: 'text' },
          shape: { kind: 'texts', texts: [{ text, count: 3, countBefore: 1 }] },
        },
      ],
      leftOut: [text],
      before: known(text),
    }),
    dimensions: known([
      { column: text, distinct: 1, isWhole: true, values: [{ value: text, present: 1, missing: 1 }] },
      { column: `${text}2`, distinct: 1, isWhole: true, values: [{ value: text, present: 1, missing: 0 }] },
    ]),
    rejects: known({
      groups: [
        {
          column: text,
          reason: text,
          count: 9,
          examples: [{ file: text, row: 1, line: null, key: text, value: text }],
        },
        { column: null, reason: text, count: 1, examples: [] },
      ],
      others: 2,
    }),
    comparison: sampleComparison(text),
    accuracy: known({
      record: sampleAccuracy(text),
      records: 2,
      worst: [{ by: text, segment: text, figures: sampleFigures() }],
    }),
    ...changes,
  };
}
