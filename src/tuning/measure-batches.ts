import type { Plan } from '../core/plan.ts';
import type { Session } from '../inference/session.ts';
import { BatchScorer, type ScoreSink } from '../shard/batch-scorer.ts';
import { readFirstRows } from '../shard/first-rows.ts';
import type { Database } from '../source/duckdb/database.ts';
import {
  type BatchTiming,
  budgetMs,
  DEFAULT_BATCH_SIZE,
  isClear,
  LEAST_ROUNDS,
  rowBytesOf,
  sizesToMeasure,
  sizesWithin,
} from './choose-batch-size.ts';
import { ResultBits } from './result-bits.ts';

/** Beyond these, more rounds say nothing new. */
const MAX_ROUNDS = 20;

/** Rounds before this, in milliseconds, decide nothing: the first calls of a size get their memory. */
const SETTLING_MS = 40;

/** What finding out whether a model is slow may take, in milliseconds, beyond its first two calls. */
const MAX_WARM_UP_MS = 10;

/** Scores the first `rows` rows in calls of `size`; answers the milliseconds it took. */
type Score = (size: number, rows: number, sink: ScoreSink) => Promise<number>;

/**
 * How fast the model is with batches of each size, on the first rows of the input, and whether the size
 * changes any bit of their results. Empty where it is not worth measuring. The plan's own batch size does
 * not matter. Throws where the rows cannot be read or the model fails on one.
 */
export async function measureBatches(request: {
  readonly plan: Plan;
  readonly database: Database;
  readonly session: Session;
}): Promise<readonly BatchTiming[]> {
  const { plan, database, session } = request;
  const bindings = plan.output.predictions;
  const rowBytes = rowBytesOf(plan);
  const first = await readFirstRows(database, plan, sizesWithin(rowBytes).at(-1) ?? DEFAULT_BATCH_SIZE);
  if (first.rows < DEFAULT_BATCH_SIZE) return [];
  const scorer = new BatchScorer({ session, bindings, fixedRows: null, onCall() {} });
  const score: Score = async (size, rows, sink) => {
    const start = performance.now();
    for (let from = 0; from < rows; from += size)
      await scorer.score(first, sink, from, Math.min(from + size, rows));
    return performance.now() - start;
  };

  const widths = bindings.map(({ width }) => width);
  const rowsOfRun = plan.input.rows;
  const amongOthers = new ResultBits(widths, 1);
  const coldCallMs = await score(DEFAULT_BATCH_SIZE, DEFAULT_BATCH_SIZE, amongOthers);
  if (coldCallMs > budgetMs(rowsOfRun, coldCallMs)) return [];
  const alone = new ResultBits(widths, 1);
  await score(DEFAULT_BATCH_SIZE, 1, alone);
  const defaultCallMs = await timeDefault(score);
  const endsAt = performance.now() + budgetMs(rowsOfRun, defaultCallMs);
  // With another size shards end in other remainders: they must not matter either.
  const sizes = amongOthers.equals(alone)
    ? sizesToMeasure({ rowBytes, rowsAtHand: first.rows, rowsOfRun, defaultCallMs })
    : [DEFAULT_BATCH_SIZE];
  return timeSizes(score, sizes, widths, endsAt);
}

/** Milliseconds of one call of the default size: the best of some where they are short. */
async function timeDefault(score: Score): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  const endsAt = performance.now() + MAX_WARM_UP_MS;
  for (let call = 0; call === 0 || (call < 5 && performance.now() < endsAt); call++)
    best = Math.min(best, await score(DEFAULT_BATCH_SIZE, DEFAULT_BATCH_SIZE, NOTHING_KEPT));
  return best;
}

/** Every size computes the same rows in turn, so that a busy moment of the machine is nobody's own. */
async function timeSizes(
  score: Score,
  sizes: readonly number[],
  widths: readonly number[],
  endsAt: number,
): Promise<readonly BatchTiming[]> {
  const rows = sizes.at(-1) ?? 0;
  const tried = sizes.map((batchSize) => ({
    batchSize,
    rowsPerSecond: 0,
    results: new ResultBits(widths, rows),
  }));
  const settledAt = performance.now() + SETTLING_MS;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const now = performance.now();
    if (round >= LEAST_ROUNDS && (now >= endsAt || (now >= settledAt && isClear(tried)))) break;
    for (const each of tried) {
      const ms = await score(each.batchSize, rows, round === 0 ? each.results : NOTHING_KEPT);
      each.rowsPerSecond = Math.max(each.rowsPerSecond, Math.round((rows * 1000) / ms));
    }
  }
  const expected = tried.find(({ batchSize }) => batchSize === DEFAULT_BATCH_SIZE)?.results;
  return tried.map(({ batchSize, rowsPerSecond, results }) => ({
    batchSize,
    rowsPerSecond,
    sameBits: expected?.equals(results) === true,
  }));
}

const NOTHING_KEPT: ScoreSink = new ResultBits([], 0);
