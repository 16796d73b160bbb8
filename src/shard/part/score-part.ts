import type { Plan, ShardPlan } from '../../core/plan.ts';
import type { Reject } from '../../sinks/parquet/reject-file.ts';
import type { Database } from '../../source/duckdb/database.ts';
import { inputName } from '../../source/locate-row.ts';
import { readError } from '../../source/read-error.ts';
import { openShardRows, type ShardRows } from '../../source/shard-rows.ts';
import { blameInput } from '../rejects/blame-input.ts';
import { rejectsOf } from '../rejects/explain-rejects.ts';
import type { ScoredPart, ScoringContext, TakePart } from './write-part.ts';
import { writePartOf } from './write-part-of.ts';
import { writeUnchecked } from './write-unchecked.ts';

export interface ScorePartRequest<T> extends ScoringContext {
  readonly shard: ShardPlan;
  readonly take: TakePart<T>;
  /** Told of the rows that cannot be scored, where there are any. */
  readonly takeRejects: (rejects: readonly Reject[]) => Promise<void>;
  /** Ends at so many rows that cannot be scored. */
  readonly stopAt: number;
}

export interface ScoredRows<T> {
  /** Null: so many rows cannot be scored that nothing was taken. */
  readonly part: T | null;
  readonly rejects: readonly Reject[];
  readonly inStatement: ScoredPart<T>['inStatement'];
}

/**
 * Scores the rows of a shard with the engine, the casts and the calls of the run, whoever wants them: a run for its
 * part, and a server for one key. With `onInvalid: fail` throws for the first row that cannot be scored.
 */
export async function scorePart<T>(request: ScorePartRequest<T>): Promise<ScoredRows<T>> {
  return (await writeUnchecked(request)) ?? (await scoreWithRejects(request));
}

async function scoreWithRejects<T>(request: ScorePartRequest<T>): Promise<ScoredRows<T>> {
  const { plan, database, session, shard, timer, stopAt, takeRejects } = request;
  const rows = await timer.time('read', () => openRows(database, plan, shard));
  try {
    const { invalid, part, inStatement } = await writePartOf(
      session,
      plan,
    )({
      ...{ ...request, rows },
      stopAt: Math.max(1, stopAt - rows.leftOut.length),
    });
    const rejects = await rejectsOf({ plan, database, shard, rows, invalid });
    if (rejects.length > 0) await timer.time('write', () => blameInput(rows, () => takeRejects(rejects)));
    return { part, rejects, inStatement };
  } finally {
    await rows.close();
  }
}

async function openRows(database: Database, plan: Plan, shard: ShardPlan): Promise<ShardRows> {
  try {
    return await openShardRows(database, plan, shard);
  } catch (error) {
    throw readError(error, inputName(plan.input));
  }
}
