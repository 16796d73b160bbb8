import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type OpenSpan, openSpan, type TraceContext } from '../../core/tracing.ts';

/** Makes each request a span, a part of what its headers say. Keys that were asked for are not told. */
export function traceRequests(app: FastifyInstance): void {
  const spans = new WeakMap<FastifyRequest, OpenSpan>();
  app.addHook('onRequest', (request, _, done) => {
    const span = openSpan({ ...aboutRequest(request), kind: 'server' });
    if (span !== null) spans.set(request, span);
    done();
  });
  // Not before: the body arrives outside of what a hook before it began.
  app.addHook('preHandler', (request, _, done) => {
    const span = spans.get(request);
    if (span === undefined) done();
    else span.within(done);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { statusCode, job, source } = reply;
    const span = spans.get(request);
    span?.set({
      'http.response.status_code': statusCode,
      'serve_batch.job': job === '' ? null : job,
      'serve_batch.source': source === '' ? null : source,
    });
    span?.end(statusCode >= 500 ? String(statusCode) : null);
    done();
  });
}

function aboutRequest({ method, routeOptions, headers, protocol, url }: FastifyRequest) {
  const { url: route } = routeOptions;
  return {
    name: route === undefined ? method : `${method} ${route}`,
    parent: headers as TraceContext,
    attributes: {
      'http.request.method': method,
      'http.route': route,
      'url.path': url.replace(/\?.*$/s, ''),
      'url.scheme': protocol,
      'user_agent.original': headers['user-agent'],
    },
  };
}
