import { context, propagation, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { cleanUpLater } from './clean-ups.ts';

export type TestSpan = ReturnType<InMemorySpanExporter['getFinishedSpans']>[number];

export interface Tracing {
  /** Those that have ended, in that order. */
  spans(): readonly TestSpan[];
  /** The one of a name. */
  span(name: string): TestSpan;
  reset(): void;
}

/** Registers an SDK in the process of the tests, until the tests of the file are over. */
export function traceHere(): Tracing {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  provider.register();
  cleanUpLater(async () => {
    await provider.shutdown();
    for (const each of [trace, context, propagation]) each.disable();
  });
  return {
    spans: () => exporter.getFinishedSpans(),
    span: (name) => {
      const found = exporter.getFinishedSpans().find((each) => each.name === name);
      if (found === undefined) throw new Error(`no span ${name}`);
      return found;
    },
    reset: () => exporter.reset(),
  };
}
