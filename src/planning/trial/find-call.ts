import { spread, type TrialModel } from './trial-model.ts';

/** How a model can be called. */
export interface FoundCall {
  /** Numbers of rows that a call was tried with, all of them with success. */
  readonly counts: readonly number[];
  /** Rows that the model takes, as they are numbered in the trial. */
  readonly usable: readonly number[];
  /** Rows that every call must have; null: any number. */
  readonly rowsPerCall: number | null;
}

/** The model fails on every row that was tried, for this reason. */
export interface NoCall {
  readonly failure: unknown;
  readonly tried: number;
}

/** Two numbers of rows, neither of them one: what is the same for both does not depend on the rows. */
const FEW = [2, 3] as const;
const MANY = [2, 16] as const;

/** Where a call of two rows takes longer, in milliseconds, no call has {@link MANY}. */
const SLOW_CALL_MS = 200;

/** Rows are tried one by one for so long, in milliseconds, at the most; some are in any case. */
const SEARCH_MS = 2000;
const LEAST_TRIED = 8;

/** Rows of the input that a call is made of, at most. */
const MOST_USABLE = 16;

/**
 * Finds out with how many rows a model can be called: with any number, with as many as it declares, or
 * with one. Some declare an open number and take but one of them.
 *
 * @param fixedRows rows of a call as the inputs declare them
 * @param declaredByOutputs fixed first dimensions of outputs: a hint where the inputs leave it open
 */
export async function findCall(
  model: TrialModel,
  fixedRows: number | null,
  declaredByOutputs: readonly number[],
): Promise<FoundCall | NoCall> {
  if (fixedRows !== null) return tryCounts(model, [fixedRows], fixedRows);
  const many = await tryCounts(model, (await isSlow(model)) ? FEW : MANY, null);
  if ('usable' in many) return many;
  for (const [counts, rowsPerCall] of [
    [FEW, null] as const,
    ...declaredByOutputs.map((rows) => [[rows], rows] as const),
    [[1], 1] as const,
  ]) {
    const found = await tryCounts(model, counts, rowsPerCall);
    if ('usable' in found) return found;
  }
  return many;
}

async function isSlow(model: TrialModel): Promise<boolean> {
  const start = performance.now();
  await model.call([0, 0]).catch(() => undefined);
  return performance.now() - start > SLOW_CALL_MS;
}

async function tryCounts(
  model: TrialModel,
  counts: readonly number[],
  rowsPerCall: number | null,
): Promise<FoundCall | NoCall> {
  const first = Array.from({ length: Math.min(model.rows.rows, MOST_USABLE) }, (_, row) => row);
  const failure = await failureOf(model, first, counts);
  if (failure === null) return { counts, usable: first, rowsPerCall };
  const usable: number[] = [];
  const endsAt = performance.now() + SEARCH_MS;
  let row = 0;
  for (; row < model.rows.rows && usable.length < MOST_USABLE; row++) {
    if (row >= LEAST_TRIED && performance.now() > endsAt) break;
    const failed = await failureOf(model, [row], counts);
    if (failed === null) usable.push(row);
  }
  return usable.length > 0 ? { counts, usable, rowsPerCall } : { failure, tried: row };
}

/** What the model says of the first call that fails; null: none does. */
async function failureOf(
  model: TrialModel,
  rows: readonly number[],
  counts: readonly number[],
): Promise<unknown> {
  for (const count of counts) {
    try {
      await model.call(spread(rows, count));
    } catch (error) {
      return error;
    }
  }
  return null;
}
