import type { ShardPlan } from '../core/plan.ts';
import { FeatureBatch } from '../features/feature-batch.ts';
import type { LatencyHistogram } from '../runs/record/latency-histogram.ts';
import { type WrittenFile, writeParquet } from '../sinks/parquet/part-file.ts';
import { PredictionTable } from '../sinks/parquet/prediction-table.ts';
import type { ShardRows } from '../source/shard-rows.ts';
import { blameInput } from './blame-input.ts';
import type { InvalidRow } from './invalid-rows.ts';
import { partSelect } from './part-select.ts';
import type { ShardContext } from './run-shard.ts';
import { scoreShard } from './score-shard.ts';
import type { StageTimer } from './stage-timer.ts';

export interface PartRequest extends ShardContext {
  readonly shard: ShardPlan;
  readonly rows: ShardRows;
  readonly timer: StageTimer;
  readonly latency: LatencyHistogram;
  /** Ends at so many rows that cannot be scored: what comes after them is not looked at. */
  readonly stopAt: number;
  /** Asked before the part gets its name; what it throws keeps the part from it. */
  readonly beforeCommit: () => Promise<void>;
}

export interface ScoredPart {
  /** In the order of the rows. */
  readonly invalid: readonly InvalidRow[];
  /** Null: so many rows cannot be scored that there is no part. */
  readonly part: WrittenFile | null;
}

/** Scores the rows of a shard and writes its part. Throws what DuckDB and the file system throw. */
export type WritePart = (request: PartRequest) => Promise<ScoredPart>;

/** Batch by batch: rows stream out of DuckDB, through the model, into a table that is laid beside the kept columns. */
export const writePartInBatches: WritePart = async (request) => {
  const { plan, paths, database, shard, rows, timer, session, stopAt, beforeCommit } = request;
  const newBatch = (): FeatureBatch => new FeatureBatch(plan.features.bindings, plan.batchSize);
  const batches = session.rowLimit === null ? ([newBatch()] as const) : ([newBatch(), newBatch()] as const);
  const predictions = await PredictionTable.create(database, plan.output.predictions);
  const invalid = await scoreShard({ ...request, batches, predictions });
  if (invalid.length >= stopAt) {
    await predictions.drop();
    return { invalid, part: null };
  }
  const part = await timer.time('write', () =>
    blameInput(rows, async () => {
      const select = await tableSelect(request, predictions);
      return writeParquet(database, select, paths.part(shard.index), plan.output.compression, beforeCommit);
    }),
  );
  await predictions.drop();
  return { invalid, part };
};

async function tableSelect(
  { database, plan, shard, rows }: PartRequest,
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
