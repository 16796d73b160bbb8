import type { ServerOptions as TlsServerOptions } from 'node:https';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Log } from '../../core/effects.ts';
import { isTraced } from '../../core/tracing.ts';
import { EventStreams } from '../events/event-streams.ts';
import type { RequestMetrics } from '../metrics/request-metrics.ts';
import { Sessions } from '../page/sessions.ts';
import type { ServedJobs } from '../served-jobs.ts';
import type { AllowedHosts } from './allowed-hosts.ts';
import { createNodeServer } from './create-server.ts';
import { logFault } from './log-fault.ts';
import { type PublicError, publicError, refusal } from './public-error.ts';
import { quickAnswers } from './quick-answers.ts';
import { addDocsRoutes } from './routes/docs-routes.ts';
import { addEventRoutes } from './routes/event-routes.ts';
import { addHealthRoutes } from './routes/health-routes.ts';
import { addJobRoutes } from './routes/job-routes.ts';
import { addMetricsRoute } from './routes/metrics-route.ts';
import { addMlflowRoutes } from './routes/mlflow-routes.ts';
import { addOpenInferenceRoutes, isOpenInference, protocolError } from './routes/open-inference-routes.ts';
import { askToSignIn, wantsPage } from './routes/page-answers.ts';
import { addPageRoutes, type PageParts } from './routes/page-routes.ts';
import { addPredictionRoutes, JSON_TYPE } from './routes/prediction-routes.ts';
import { addScoreRoutes } from './routes/score-routes.ts';
import type { Tokens } from './tokens.ts';
import { traceRequests } from './trace-requests.ts';

declare module 'fastify' {
  interface FastifyReply {
    /** Of an answer: which job it is of, and where it comes from. For the metrics. */
    job: string;
    source: string;
  }
  interface FastifyContextConfig {
    /** Answers without a token. */
    isOpen?: boolean;
    /** Of the operator's page: a browser that has signed in needs no token. */
    isPage?: boolean;
  }
}

/** What one client may ask of the server. */
export interface ServerLimits {
  readonly bodyBytes: number;
  readonly headerBytes: number;
  /** Of one request. */
  readonly keys: number;
  /** Of one body with rows to score, and the time that scoring them may take. */
  readonly scoreBytes: number;
  readonly scoreRows: number;
  readonly scoreMs: number;
  /** For the headers, and for a whole request, to arrive. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** A connection on which nothing moves is closed. */
  readonly idleMs: number;
  readonly connections: number;
}

export const DEFAULT_LIMITS: ServerLimits = {
  bodyBytes: 2 ** 20,
  headerBytes: 16 * 1024,
  keys: 5_000,
  scoreBytes: 16 * 2 ** 20,
  scoreRows: 100_000,
  scoreMs: 60_000,
  headersMs: 10_000,
  requestMs: 30_000,
  idleMs: 75_000,
  connections: 10_000,
};

export interface ServerParts {
  readonly jobs: ServedJobs;
  readonly tokens: Tokens;
  readonly hosts: AllowedHosts;
  readonly limits: ServerLimits;
  readonly metrics: RequestMetrics;
  /** Metrics of runs, in Prometheus' text format. */
  readonly runMetrics: () => Promise<string>;
  readonly log: Log;
  /** Whether the server is asked to end. */
  readonly isDraining: () => boolean;
  /** Those who follow something. */
  readonly streams?: EventStreams;
  /** What the operator's page works with; null: there is none. */
  readonly page: PageParts | null;
  /** Null: plain HTTP. */
  readonly tls: TlsServerOptions | null;
}

/** The HTTP server, with all its routes; it does not listen yet. */
export function buildHttpServer(parts: ServerParts): FastifyInstance {
  const app = createApp(parts);
  app.removeContentTypeParser('text/plain');
  app.decorateReply('job', '').decorateReply('source', '');
  const { page } = parts;
  const sessions = page === null ? null : new Sessions(parts.tokens, page.clock);
  if (isTraced()) traceRequests(app);
  observe(app, parts, sessions);
  handleErrors(app, parts);
  const { streams = new EventStreams() } = parts;
  // Those who follow something never end by themselves.
  app.addHook('preClose', async () => streams.close());
  addHealthRoutes(app, parts);
  addMetricsRoute(app, parts);
  addJobRoutes(app, parts);
  addPredictionRoutes(app, parts);
  addScoreRoutes(app, parts);
  addMlflowRoutes(app, parts);
  addOpenInferenceRoutes(app, parts);
  addEventRoutes(app, parts, streams);
  if (page !== null && sessions !== null) addPageRoutes(app, { ...parts, page, streams, sessions });
  addDocsRoutes(app, parts);
  return app;
}

function createApp(parts: ServerParts): FastifyInstance {
  return fastify({
    bodyLimit: parts.limits.bodyBytes,
    // A request that is traced has a span from its routes.
    serverFactory: (routes) => createNodeServer(parts, isTraced() ? routes : quickAnswers(parts, routes)),
    // A connection that is kept alive may still bring a request: it is answered, and the connection closed after it.
    return503OnClosing: false,
    forceCloseConnections: 'idle' as const,
    routerOptions: { maxParamLength: 200 },
    frameworkErrors: (error: unknown, _: unknown, reply: FastifyReply) => void sendError(reply, error),
  });
}

function observe(
  app: FastifyInstance,
  { tokens, hosts, metrics, isDraining, page }: ServerParts,
  sessions: Sessions | null,
): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (isDraining()) reply.header('connection', 'close');
    if (!hosts.allows(request.headers.host)) return void send(reply, refusal(403));
    const { isOpen, isPage } = request.routeOptions.config;
    if (isOpen || tokens.allows(request.headers.authorization)) return done();
    if (isPage && sessions?.allows(request.headers.cookie)) return done();
    if (isPage && page !== null && wantsPage(request)) {
      askToSignIn(reply, { next: request.url, isWrong: false, now: page.clock.now() });
      return;
    }
    send(reply.header('www-authenticate', 'Bearer'), refusal(401));
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { url = 'none' } = request.routeOptions;
    metrics.observe({
      route: `${request.method} ${url}`,
      job: reply.job,
      source: reply.source,
      code: reply.statusCode,
      seconds: reply.elapsedTime / 1000,
    });
    done();
  });
}

function handleErrors(app: FastifyInstance, { log }: ServerParts): void {
  app.setErrorHandler((error, request, reply) => {
    const { status } = sendError(reply, error);
    if (status === 500) logFault(log, request, error);
  });
  app.setNotFoundHandler((_, reply) => {
    send(reply, refusal(404));
  });
}

function sendError(reply: FastifyReply, error: unknown): { readonly status: number } {
  const told = publicError(error);
  if (told.retryAfterSeconds !== null) reply.header('retry-after', String(told.retryAfterSeconds));
  return send(reply, told);
}

function send(reply: FastifyReply, error: PublicError): { readonly status: number } {
  const { status, body } = isOpenInference(reply.request.url) ? protocolError(error) : error;
  reply.code(status).header('content-type', JSON_TYPE).send(JSON.stringify(body));
  return { status };
}
