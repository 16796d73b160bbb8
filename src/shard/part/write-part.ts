import type { Plan, ShardPlan } from '../../core/plan.ts';
import { FeatureBatch } from '../../features/feature-batch.ts';
import type { Session } from '../../inference/session.ts';
import type { LatencyHistogram } from '../../runs/record/latency-histogram.ts';
import { PredictionTable } from '../../sinks/parquet/prediction-table.ts';
import type { Database } from '../../source/duckdb/database.ts';
import type { ShardRows } from '../../source/shard-rows.ts';
import { blameInput } from '../rejects/blame-input.ts';
import type { InvalidRow } from '../rejects/invalid-rows.ts';
import { scoreShard } from '../score-shard.ts';
import type { StageTimer } from '../stage-timer.ts';
import { partSelect } from './part-select.ts';

/** What scoring rows needs, whatever becomes of the predictions. */
export interface ScoringContext {
  readonly plan: Plan;
  readonly database: Database;
  readonly session: Session;
  readonly timer: StageTimer;
  readonly latency: LatencyHistogram;
  /** Told rows as they are scored or rejected. */
  readonly onRows: (rows: number) => void;
  /** Asked between batches; throws where the rows are no longer wanted. */
  readonly assertWanted: () => void;
}

/**
 * Takes the rows of a part, a SELECT that can be run once: a run writes them to its file.
 * @param assertWhole asked once all rows are taken, before they count: throws where they are not those of the shard
 */
export type TakePart<T> = (select: string, assertWhole: () => void) => Promise<T>;

export interface PartRequest<T> extends ScoringContext {
  readonly shard: ShardPlan;
  readonly rows: ShardRows;
  /** Ends at so many rows that cannot be scored: what comes after them is not looked at. */
  readonly stopAt: number;
  readonly take: TakePart<T>;
}

export interface ScoredPart<T> {
  /** In the order of the rows. */
  readonly invalid: readonly InvalidRow[];
  /** Null: so many rows cannot be scored that there is no part. */
  readonly part: T | null;
  /** Whether one statement read the rows, called the model and wrote the part. */
  readonly inStatement: boolean;
}

/** Scores the rows of a shard and hands its part over. Throws what DuckDB and the taker throw. */
export type WritePart = <T>(request: PartRequest<T>) => Promise<ScoredPart<T>>;

/** Batch by batch: rows stream out of DuckDB, through the model, into a table that is laid beside the kept columns. */
export const writePartInBatches: WritePart = async (request) => {
  const { plan, database, rows, timer, session, stopAt, take } = request;
  const newBatch = (): FeatureBatch => new FeatureBatch(plan.features.bindings, plan.batchSize);
  const batches = session.rowLimit === null ? ([newBatch()] as const) : ([newBatch(), newBatch()] as const);
  const predictions = await PredictionTable.create(database, plan.output.predictions);
  const invalid = await scoreShard({ ...request, batches, predictions });
  if (invalid.length >= stopAt) {
    await predictions.drop();
    return { invalid, part: null, inStatement: false };
  }
  const part = await timer.time('write', () =>
    blameInput(rows, async () => take(await tableSelect(request, predictions), () => {})),
  );
  await predictions.drop();
  return { invalid, part, inStatement: false };
};

async function tableSelect(
  { database, plan, shard, rows }: PartRequest<unknown>,
  predictions: PredictionTable,
): Promise<string> {
  const { tableName } = predictions;
  return partSelect(database, plan, shard, rows, {
    from: rows.from,
    beside: tableName,
    scored: predictions.hasRejected ? `${tableName}.scored` : null,
    predictions: predictions.selectList(),
  });
}
