import type { Comparison } from '../../compare/comparison.ts';
import type { Plan } from '../../core/plan.ts';
import type { RunSummary } from '../../runs/list/run-summary.ts';
import type { StageSeconds } from '../../runs/record/shard-record.ts';
import type { AccuracyFacts } from './accuracy-facts.ts';
import type { DimensionFacts } from './dimension-facts.ts';
import type { Known } from './known.ts';
import type { LatencyFacts } from './latency.ts';
import type { ColumnFacts } from './prediction-facts.ts';
import type { RejectFacts } from './rejects-facts.ts';
import type { Timeline } from './timeline.ts';

/** Everything that a report shows, read and counted. */
export interface ReportFacts {
  readonly summary: RunSummary;
  /** Null where the run was killed before it was written, or it is damaged. */
  readonly plan: Plan | null;
  readonly folder: string;
  /** ISO 8601, and the version of serve-batch that made it. */
  readonly madeAt: string;
  readonly madeBy: string;
  readonly shardsDone: number;
  readonly timeline: Timeline | null;
  readonly latency: LatencyFacts | null;
  readonly stages: StageSeconds | null;
  readonly predictions: Known<PredictionsFacts>;
  readonly dimensions: Known<readonly DimensionFacts[]>;
  readonly rejects: Known<RejectFacts>;
  /** Null: the run is not scored. */
  readonly accuracy: Known<AccuracyFacts | null>;
  /** Key by key with a run that somebody named; null: nobody did. */
  readonly comparison: Comparison | null;
}

export interface PredictionsFacts {
  readonly columns: readonly ColumnFacts[];
  /** What is not shown, a sentence each. */
  readonly leftOut: readonly string[];
  /** The run compared with. */
  readonly before: Known<string>;
}
