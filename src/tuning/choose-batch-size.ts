import type { DraftPlan } from '../core/plan.ts';
import { bytesOf } from '../core/tensor-data.ts';

/** What is taken where nothing else is clearly better, or nothing can be measured. */
export const DEFAULT_BATCH_SIZE = 1024;

/**
 * The sizes that are tried, smallest first. Smaller ones are better for models whose inner tensors do not
 * fit the processor's cache, larger ones for models that take less time than the call around them;
 * further ones gain nothing that shows. Measured in docs/adr/0010-batch-size.md.
 */
const BATCH_SIZES = [256, DEFAULT_BATCH_SIZE, 4096] as const;

/** Inputs and outputs of one call, in bytes. A child holds them several times. */
const MAX_BATCH_BYTES = 16 * 1024 ** 2;

/** Another size than the default has to be so much faster: what two measurements differ by is less. */
const MARGIN = 1.08;

/** Further from the margin than this, more rounds would not change the choice. */
const DOUBT = 0.05;

/** What measuring may take, in milliseconds, and as a share of the whole inference where that is more. */
const BUDGET_MS = 100;
const BUDGET_SHARE = 0.002;

/**
 * A call that takes longer gains nothing from fewer calls. What is more, a model that computes for so
 * long may have large tensors inside, and larger batches of it may take memory that nobody expects.
 */
const MAX_CALL_MS_FOR_LARGER = 2.5;

/** Every size computes all rows at least so often; the best time counts. */
export const LEAST_ROUNDS = 2;

/** How one batch size did. */
export interface BatchTiming {
  readonly batchSize: number;
  readonly rowsPerSecond: number;
  /** Whether every row came out bit for bit as with the default size. */
  readonly sameBits: boolean;
}

/** Bytes of one row's inputs and outputs. */
export function rowBytesOf({ features, output }: Pick<DraftPlan, 'features' | 'output'>): number {
  const inputs = features.bindings.map(({ elementType, columns }) => bytesOf(elementType) * columns.length);
  const outputs = output.predictions.map(({ elementType, width }) => bytesOf(elementType) * width);
  return [...inputs, ...outputs].reduce((sum, bytes) => sum + bytes, 0);
}

/** The sizes that a batch of such rows may have. The default is always among them. */
export function sizesWithin(rowBytes: number): readonly number[] {
  return BATCH_SIZES.filter((size) => size <= DEFAULT_BATCH_SIZE || size * rowBytes <= MAX_BATCH_BYTES);
}

/** The sizes that are worth measuring, the default among them; none where measuring would cost more than it may. */
export function sizesToMeasure(options: {
  readonly rowBytes: number;
  /** Rows at hand to measure with. */
  readonly rowsAtHand: number;
  /** Rows of the whole run. */
  readonly rowsOfRun: number;
  /** What a call of the default size takes. */
  readonly defaultCallMs: number;
}): readonly number[] {
  const { rowBytes, rowsAtHand, rowsOfRun, defaultCallMs } = options;
  const largest = defaultCallMs > MAX_CALL_MS_FOR_LARGER ? DEFAULT_BATCH_SIZE : rowsAtHand;
  const sizes = sizesWithin(rowBytes).filter((size) => size <= largest);
  const calls = (sizes.length * (sizes.at(-1) ?? 0)) / DEFAULT_BATCH_SIZE;
  const costMs = LEAST_ROUNDS * calls * defaultCallMs;
  return rowsAtHand >= DEFAULT_BATCH_SIZE && costMs <= budgetMs(rowsOfRun, defaultCallMs) ? sizes : [];
}

/** Milliseconds that measuring may take, for a model of which a call of the default size takes so long. */
export function budgetMs(rowsOfRun: number, defaultCallMs: number): number {
  return Math.max(BUDGET_MS, ((BUDGET_SHARE * rowsOfRun) / DEFAULT_BATCH_SIZE) * defaultCallMs);
}

/** The fastest size that changes no bits, where it is clearly faster than the default; else the default. */
export function chooseBatchSize(timings: readonly BatchTiming[]): number {
  const base = ofDefault(timings);
  if (base === undefined) return DEFAULT_BATCH_SIZE;
  const best = timings
    .filter(({ sameBits }) => sameBits)
    .reduce((fastest, each) => (each.rowsPerSecond > fastest.rowsPerSecond ? each : fastest), base);
  return best.rowsPerSecond >= base.rowsPerSecond * MARGIN ? best.batchSize : DEFAULT_BATCH_SIZE;
}

/** Whether it is clear already which size is the fastest, or that none is clearly faster than the default. */
export function isClear(timings: readonly Pick<BatchTiming, 'batchSize' | 'rowsPerSecond'>[]): boolean {
  const base = ofDefault(timings);
  if (base === undefined) return true;
  const others = timings.filter((each) => each !== base).map((each) => each.rowsPerSecond);
  return others.every((rate) => Math.abs(rate / base.rowsPerSecond - MARGIN) > DOUBT);
}

function ofDefault<T extends Pick<BatchTiming, 'batchSize'>>(timings: readonly T[]): T | undefined {
  return timings.find(({ batchSize }) => batchSize === DEFAULT_BATCH_SIZE);
}
