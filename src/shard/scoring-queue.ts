import type { FeatureBatch } from '../features/feature-batch.ts';

/**
 * The batches of a shard on their way to the model. With one batch, it is filled and scored in turn. With
 * two, one is filled while the other is scored; they are scored in order all the same.
 */
export class ScoringQueue {
  /** The batch to fill. */
  current: FeatureBatch;
  readonly #batches: readonly FeatureBatch[];
  readonly #score: (batch: FeatureBatch) => Promise<void>;
  #underWay: Promise<void> = Promise.resolve();

  constructor(
    batches: readonly [FeatureBatch, ...FeatureBatch[]],
    score: (batch: FeatureBatch) => Promise<void>,
  ) {
    this.#batches = batches;
    this.#score = score;
    this.current = batches[0];
  }

  /** Hands the batch over. Throws what scoring it, or the one before it, throws. */
  async flush(): Promise<void> {
    await this.#underWay;
    const batch = this.current;
    this.#underWay = this.#score(batch);
    if (this.#batches.length === 1) return this.#underWay;
    // It is awaited by the next flush; until then a failure has nobody to be told.
    this.#underWay.catch(() => {});
    this.current = this.#batches.find((other) => other !== batch) ?? batch;
  }

  /** Waits for all that was handed over. */
  async drain(): Promise<void> {
    await this.#underWay;
  }

  /** Waits for what is under way, whatever becomes of it: its rows may not be put away before. */
  async settle(): Promise<void> {
    await this.#underWay.catch(() => {});
  }
}
