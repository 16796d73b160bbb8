import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ServeBatchError } from '../../src/core/errors.ts';
import { flushSpans, inSpan, isTraced, openSpan, traceContext } from '../../src/core/tracing.ts';
import { type Tracing, traceHere } from '../support/traced.ts';

// First: an SDK that is registered stays until the end of the file.
describe('without an SDK', () => {
  it('work is done, and nothing else', async () => {
    expect(isTraced()).toBe(false);
    expect(openSpan({ name: 'x' })).toBeNull();
    expect(traceContext()).toBeUndefined();
    expect(await inSpan({ name: 'x' }, async (span) => span.set({ a: 1 }))).toBeUndefined();
    await flushSpans(1);
  });
});

describe('with an SDK', () => {
  let tracing: Tracing;
  beforeAll(() => {
    tracing = traceHere();
  });
  beforeEach(() => tracing.reset());

  it('work is a span, the parent of what it starts, here and in other processes', async () => {
    let sent = {};
    await inSpan({ name: 'outer', attributes: { 'a.b': 1, left: null } }, async (span) => {
      await inSpan({ name: 'inner' }, async () => {
        sent = traceContext() ?? {};
      });
      span.set({ more: 'yes', none: undefined });
    });
    await inSpan({ name: 'elsewhere', kind: 'consumer', parent: sent }, async () => {});
    const [inner, outer, elsewhere] = tracing.spans();
    expect(outer?.attributes).toEqual({ 'a.b': 1, more: 'yes' });
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId);
    expect(sent).toEqual({ traceparent: expect.stringContaining(inner?.spanContext().spanId ?? '?') });
    expect(elsewhere).toMatchObject({
      kind: SpanKind.CONSUMER,
      parentSpanContext: { traceId: outer?.spanContext().traceId, spanId: inner?.spanContext().spanId },
    });
  });

  it('an error is recorded by its code', async () => {
    const error = new ServeBatchError('MODEL_FAILED', 'The model failed.');
    await expect(inSpan({ name: 'x' }, () => Promise.reject(error))).rejects.toBe(error);
    expect(tracing.span('x')).toMatchObject({
      status: { code: SpanStatusCode.ERROR, message: 'MODEL_FAILED' },
      attributes: { 'error.type': 'MODEL_FAILED' },
      events: [
        { attributes: { 'exception.type': 'MODEL_FAILED', 'exception.message': 'The model failed.' } },
      ],
    });
  });

  it('does not wait for a collector that hangs', async () => {
    await flushSpans(1);
  });
});
