import { createRequire } from 'node:module';
import type * as Api from '@opentelemetry/api';
import { toServeBatchError } from './errors.ts';

/** What a context is sent as to other processes: headers, `traceparent` above all. */
export type TraceContext = Readonly<Record<string, string>>;

type Kind = 'internal' | 'server' | 'producer' | 'consumer';
type Attributes = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface SpanOptions {
  readonly name: string;
  /** Default: internal. */
  readonly kind?: Kind;
  readonly attributes?: Attributes;
  /** Where it was caused, in another process. Default: what is going on here. */
  readonly parent?: TraceContext | undefined;
}

/** A piece of work, as it is told to whoever follows it. */
export interface Span {
  set(attributes: Attributes): void;
}

const NO_SPAN: Span = { set() {} };
const TRACER = 'serve-batch';
/** Where every copy of the API finds what was registered with any of them. */
const REGISTRY = Symbol.for('opentelemetry.js.api.1');

let loaded: typeof Api | undefined;

/** Null where no SDK of OpenTelemetry is registered: then the API is not even loaded. */
function api(): typeof Api | null {
  const registry = (globalThis as unknown as Record<symbol, { readonly trace?: unknown } | undefined>)[
    REGISTRY
  ];
  if (registry?.trace === undefined) return null;
  loaded ??= createRequire(import.meta.url)('@opentelemetry/api') as typeof Api;
  return loaded;
}

/** Whether anybody follows what is done. */
export function isTraced(): boolean {
  return api() !== null;
}

/** Does work as a span, the parent of all that it starts. What it throws is recorded by its code. */
export async function inSpan<T>(options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
  const otel = api();
  if (otel === null) return work(NO_SPAN);
  const { span, context } = start(otel, options);
  try {
    return await otel.context.with(context, () => work({ set: (more) => span.setAttributes(known(more)) }));
  } catch (error) {
    fail(otel, span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** A span whose end somebody else sees. */
export interface OpenSpan extends Span {
  /** Does something as its part. */
  within<T>(work: () => T): T;
  /** @param errorType what went wrong, in a word; null: nothing */
  end(errorType: string | null): void;
}

/** Null where nobody follows. */
export function openSpan(options: SpanOptions): OpenSpan | null {
  const otel = api();
  if (otel === null) return null;
  const { span, context } = start(otel, options);
  return {
    set: (more) => void span.setAttributes(known(more)),
    within: (work) => otel.context.with(context, work),
    end: (errorType) => {
      if (errorType !== null)
        span.setAttribute('error.type', errorType).setStatus({ code: otel.SpanStatusCode.ERROR });
      span.end();
    },
  };
}

/** What is going on here, for another process. Undefined where nobody follows. */
export function traceContext(): TraceContext | undefined {
  const otel = api();
  if (otel === null) return undefined;
  const carrier: Record<string, string> = {};
  otel.propagation.inject(otel.context.active(), carrier);
  return carrier;
}

/** Sends what is kept back, before the process ends. Never throws, and waits `patienceMs` at most. */
export async function flushSpans(patienceMs: number): Promise<void> {
  const provider = api()?.trace.getTracerProvider();
  const delegate = provider !== undefined && 'getDelegate' in provider ? provider.getDelegate : undefined;
  const sdk = typeof delegate === 'function' ? delegate.call(provider) : provider;
  if (typeof sdk?.forceFlush !== 'function') return;
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, patienceMs);
  });
  const flushed = Promise.resolve(sdk.forceFlush()).catch(() => {});
  await Promise.race([flushed, patience]).finally(() => clearTimeout(timer));
}

function start(otel: typeof Api, { name, kind = 'internal', attributes = {}, parent }: SpanOptions) {
  const active = otel.context.active();
  // What an instrumentation of the user has begun is nearer than what came over the wire.
  const isBegun = otel.trace.getSpan(active) !== undefined;
  const from = parent === undefined || isBegun ? active : otel.propagation.extract(active, parent);
  const kinds = {
    internal: otel.SpanKind.INTERNAL,
    server: otel.SpanKind.SERVER,
    producer: otel.SpanKind.PRODUCER,
    consumer: otel.SpanKind.CONSUMER,
  };
  const tracer = otel.trace.getTracer(TRACER);
  const span = tracer.startSpan(name, { kind: kinds[kind], attributes: known(attributes) }, from);
  return { span, context: otel.trace.setSpan(from, span) };
}

function fail(otel: typeof Api, span: Api.Span, error: unknown): void {
  const { code, message } = toServeBatchError(error);
  span.setAttribute('error.type', code);
  span.recordException({ name: code, message });
  span.setStatus({ code: otel.SpanStatusCode.ERROR, message: code });
}

function known(attributes: Attributes): Api.Attributes {
  return Object.fromEntries(
    Object.entries(attributes).filter(([, value]) => value !== null && value !== undefined),
  ) as Api.Attributes;
}
