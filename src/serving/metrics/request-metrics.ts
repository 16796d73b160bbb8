import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { JobState } from '../served-job.ts';
import { LiveMetrics, type MeasuredJob } from './live-metrics.ts';

/** One request, once it is answered. */
export interface AnsweredRequest {
  /** Method and pattern of the address: `GET /v1/jobs/:job/predictions`. */
  readonly route: string;
  /** Empty where no job that is served was asked for: names that clients make up must not become labels. */
  readonly job: string;
  /** Empty where there was no answer. */
  readonly source: string;
  readonly code: number;
  readonly seconds: number;
}

/** One call of gRPC, once it is answered. */
export interface AnsweredCall extends Omit<AnsweredRequest, 'route' | 'code'> {
  readonly method: string;
  /** `OK`, `NOT_FOUND` and the like. */
  readonly code: string;
}

/** From half a millisecond, since most answers take less, to the deadline of a store. */
const BUCKETS_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** Counts requests, and says what they are answered from. */
export class RequestMetrics {
  readonly #registry = new Registry();
  readonly #requests = new Counter({
    name: 'serve_batch_http_requests_total',
    help: 'Requests that were answered.',
    labelNames: ['route', 'job', 'code', 'source'],
    registers: [this.#registry],
  });
  readonly #seconds = new Histogram({
    name: 'serve_batch_http_request_duration_seconds',
    help: 'Time from the headers of a request to the end of its answer.',
    labelNames: ['route'],
    buckets: BUCKETS_SECONDS,
    registers: [this.#registry],
  });
  readonly #calls = new Counter({
    name: 'serve_batch_grpc_requests_total',
    help: 'Calls of gRPC that were answered.',
    labelNames: ['method', 'job', 'code', 'source'],
    registers: [this.#registry],
  });
  readonly #callSeconds = new Histogram({
    name: 'serve_batch_grpc_request_duration_seconds',
    help: 'Time from the message of a call to its answer.',
    labelNames: ['method'],
    buckets: BUCKETS_SECONDS,
    registers: [this.#registry],
  });
  readonly #published = gauge(
    this.#registry,
    'published',
    'Whether the store answers, and a run is published.',
  );
  readonly #age = gauge(
    this.#registry,
    'generation_age_seconds',
    'Time since the published run was planned.',
  );
  readonly #made = gauge(
    this.#registry,
    'generation_timestamp_seconds',
    'When the published run was planned, in seconds since 1970.',
  );
  readonly #stale = gauge(
    this.#registry,
    'generation_stale',
    'Whether it is older than serving.maxAge allows.',
  );
  readonly #live = new LiveMetrics(this.#registry);
  /** Labels made once: a lookup of them for each request costs more than counting. */
  readonly #kept = new Map<string, { inc(): void }>();
  readonly #keptSeconds = new Map<string, { observe(seconds: number): void }>();

  readonly contentType = this.#registry.contentType;

  observe({ route, job, source, code, seconds }: AnsweredRequest): void {
    const name = `${route}\n${job}\n${code}\n${source}`;
    let counter = this.#kept.get(name);
    if (counter === undefined) {
      counter = this.#requests.labels({ route, job, source, code: String(code) });
      this.#kept.set(name, counter);
    }
    counter.inc();
    let histogram = this.#keptSeconds.get(route);
    if (histogram === undefined) {
      histogram = this.#seconds.labels({ route });
      this.#keptSeconds.set(route, histogram);
    }
    histogram.observe(seconds);
  }

  observeCall({ seconds, ...labels }: AnsweredCall): void {
    this.#calls.inc(labels);
    this.#callSeconds.observe({ method: labels.method }, seconds);
  }

  observeLive(job: string, seconds: number): void {
    this.#live.observe(job, seconds);
  }

  /** Called before the metrics are read. */
  setLive(jobs: readonly MeasuredJob[]): void {
    this.#live.set(jobs);
  }

  /** Called before the metrics are read. Jobs that are gone are forgotten. */
  setStates(states: readonly JobState[]): void {
    for (const each of [this.#published, this.#age, this.#made, this.#stale]) each.reset();
    for (const { job, view, age } of states) {
      this.#published.set({ job }, view === null ? 0 : 1);
      if (view === null || age === null) continue;
      this.#age.set({ job }, age.seconds);
      this.#made.set({ job }, Date.parse(view.info.createdAt) / 1000);
      this.#stale.set({ job }, age.isStale ? 1 : 0);
    }
  }

  /** In Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

function gauge(registry: Registry, name: string, help: string): Gauge<'job'> {
  return new Gauge({ name: `serve_batch_${name}`, help, labelNames: ['job'], registers: [registry] });
}
