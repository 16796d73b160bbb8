import { setTimeout as wait } from 'node:timers/promises';
import { Places } from './places.ts';
import type { ScheduledJob } from './schedule-effects.ts';
import { LOOKS_AT_ONCE } from './tick.ts';

/** How long looks are waited for. */
export interface LookLimits {
  /** A look that takes longer goes on by itself, and so does the next one at that job. */
  readonly slowMs: number;
  /** All looks together hold up what they have found for no longer. */
  readonly allMs: number;
}

const LIMITS: LookLimits = { slowMs: 3000, allMs: 10_000 };

/**
 * Looks at jobs, some of them at the same time and each once at a time. A job whose disk, webhook or tables are slow
 * or silent holds up another at most once: from then on nobody waits for it.
 */
export class JobLooks {
  readonly #look: (job: ScheduledJob) => Promise<void>;
  readonly #onLate: () => void;
  readonly #limits: LookLimits;
  readonly #lanes = new Places(LOOKS_AT_ONCE);
  readonly #going = new Set<string>();
  readonly #slow = new Set<string>();

  /** @param onLate called after a look that nobody waits for any more */
  constructor(look: (job: ScheduledJob) => Promise<void>, onLate: () => void, limits = LIMITS) {
    this.#look = look;
    this.#onLate = onLate;
    this.#limits = limits;
  }

  /** Jobs whose last look took long, or still goes on. */
  get slow(): readonly string[] {
    return [...this.#slow];
  }

  /** Looks at each of them, but for those that are being looked at. Never throws. */
  async at(jobs: readonly ScheduledJob[]): Promise<void> {
    let isOver = false;
    const onEnd = (): void => {
      if (isOver) this.#onLate();
    };
    const idle = jobs.filter(({ spec }) => !this.#going.has(spec.name));
    for (const { spec } of idle) this.#going.add(spec.name);
    const [slow, quick] = [true, false].map((isSlow) =>
      idle.filter(({ spec }) => this.#slow.has(spec.name) === isSlow),
    );
    for (const job of slow ?? []) void this.#begin(job).then(this.#onLate);
    const looks = (quick ?? []).map((job) =>
      this.#lanes.take(1, () => inTime(this.#begin(job).then(onEnd), this.#limits.slowMs)),
    );
    await inTime(Promise.all(looks), this.#limits.allMs);
    isOver = true;
  }

  /** Remembers whether it took long. */
  async #begin(job: ScheduledJob): Promise<void> {
    const { name } = job.spec;
    let isSlow = false;
    const timer = setTimeout(() => {
      isSlow = true;
      this.#slow.add(name);
    }, this.#limits.slowMs);
    try {
      await this.#look(job);
    } finally {
      clearTimeout(timer);
      this.#going.delete(name);
      if (!isSlow) this.#slow.delete(name);
    }
  }
}

/** Waits for work that never throws, but no longer than so many milliseconds; the work itself is not stopped. */
async function inTime(work: Promise<unknown>, limitMs: number): Promise<void> {
  const timer = new AbortController();
  const limit = wait(limitMs, null, { signal: timer.signal }).catch(() => null);
  try {
    await Promise.race([work, limit]);
  } finally {
    timer.abort();
  }
}
