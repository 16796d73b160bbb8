import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { LiveJob } from '../live/live-model.ts';

const BUCKETS_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** A job, and its live model; null: it has none. */
export interface MeasuredJob {
  readonly name: string;
  readonly liveJob: Pick<LiveJob, 'figures' | 'waiting' | 'isOpen'> | null;
}

/** What live models did, and how they are. */
export class LiveMetrics {
  readonly #seconds: Histogram<'job'>;
  readonly #questions: Counter<'job' | 'from'>;
  readonly #calls: Counter<'job'>;
  readonly #failures: Counter<'job'>;
  readonly #queue: Gauge<'job'>;
  readonly #breaker: Gauge<'job'>;

  constructor(registry: Registry) {
    const registers = [registry];
    const named = <L extends string>(name: string, help: string, labelNames: readonly L[]) => ({
      ...{ name: `serve_batch_live_${name}`, help, labelNames: [...labelNames], registers },
    });
    const job = ['job'] as const;
    this.#seconds = new Histogram({
      ...named('call_duration_seconds', 'Time of a call of the live model, with all questions in it.', job),
      buckets: BUCKETS_SECONDS,
    });
    this.#questions = new Counter(
      named('questions_total', 'Live questions by what answered them.', ['job', 'from']),
    );
    this.#calls = new Counter(named('calls_total', 'Calls of the live model.', job));
    this.#failures = new Counter(named('failures_total', 'Calls of the live model that failed.', job));
    this.#queue = new Gauge(named('queue_length', 'Questions that wait for the live model.', job));
    this.#breaker = new Gauge(
      named('breaker_open', 'Whether the live model is left alone after failures.', job),
    );
  }

  observe(job: string, seconds: number): void {
    this.#seconds.observe({ job }, seconds);
  }

  /** Called before the metrics are read. */
  set(jobs: readonly MeasuredJob[]): void {
    for (const each of [this.#questions, this.#calls, this.#failures, this.#queue, this.#breaker])
      each.reset();
    for (const { name: job, liveJob } of jobs) {
      if (liveJob === null) continue;
      const { questions, cached, joined, refused, calls, failures } = liveJob.figures;
      const from = { model: questions, cache: cached, 'same question': joined, refused };
      for (const [what, count] of Object.entries(from)) this.#questions.inc({ job, from: what }, count);
      this.#calls.inc({ job }, calls);
      this.#failures.inc({ job }, failures);
      this.#queue.set({ job }, liveJob.waiting);
      this.#breaker.set({ job }, liveJob.isOpen ? 1 : 0);
    }
  }
}
