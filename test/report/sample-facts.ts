import { known } from '../../src/report/facts/known.ts';
import { latencyOf } from '../../src/report/facts/latency.ts';
import { predictionColumns } from '../../src/report/facts/prediction-columns.ts';
import type { ColumnStats } from '../../src/report/facts/prediction-stats.ts';
import type { ReportFacts } from '../../src/report/facts/report-facts.ts';
import { timelineOf } from '../../src/report/facts/timeline.ts';
import type { RunSummary } from '../../src/runs/run-summary.ts';
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
    accuracy: known({
      record: sampleAccuracy(text),
      records: 2,
      worst: [{ by: text, segment: text, figures: sampleFigures() }],
    }),
    ...changes,
  };
}
