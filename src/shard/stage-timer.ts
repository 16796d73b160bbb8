export type TimedStage = 'read' | 'features' | 'infer' | 'write' | 'stage';

/** Sums up seconds of work by stage. */
export class StageTimer {
  readonly #ms: Record<TimedStage, number> = { read: 0, features: 0, infer: 0, write: 0, stage: 0 };

  async time<T>(stage: TimedStage, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.add(stage, performance.now() - start);
    }
  }

  add(stage: TimedStage, ms: number): void {
    this.#ms[stage] += ms;
  }

  seconds(): Readonly<Record<TimedStage, number>> {
    const rounded = (ms: number): number => Math.round(ms * 1000) / 1e6;
    const { read, features, infer, write, stage } = this.#ms;
    return {
      read: rounded(read),
      features: rounded(features),
      infer: rounded(infer),
      write: rounded(write),
      stage: rounded(stage),
    };
  }
}
