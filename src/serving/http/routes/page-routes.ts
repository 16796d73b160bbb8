import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../../core/effects.ts';
import type { EventStreams } from '../../events/event-streams.ts';
import { PageReader } from '../../page/facts/page-reader.ts';
import { ProgressFeeds } from '../../page/facts/progress-feeds.ts';
import { readLookup } from '../../page/facts/read-lookup.ts';
import { assertRun } from '../../page/facts/read-run.ts';
import { faultPage } from '../../page/fault-page.ts';
import { jobPage } from '../../page/job-page.ts';
import { jobsPage } from '../../page/jobs-page.ts';
import { askedOf } from '../../page/lookup-form.ts';
import { lookupPage } from '../../page/lookup-page.ts';
import { type FrameOptions, pageFrame, REPORT_POLICY } from '../../page/page-frame.ts';
import { isLive, runPage } from '../../page/run-page.ts';
import type { Sessions } from '../../page/sessions.ts';
import { ReportDesk, type ReportDeskOptions } from '../../reports/report-desk.ts';
import type { ServerParts } from '../http-server.ts';
import { logFault } from '../log-fault.ts';
import { type PublicError, publicError } from '../public-error.ts';
import { openEvents, sendEvents } from './event-routes.ts';
import { sendHtml } from './page-answers.ts';
import { addSignInRoutes } from './sign-in-routes.ts';

/** What the operator's page works with. */
export interface PageParts {
  readonly clock: Clock;
  readonly makeReport: ReportDeskOptions['make'];
  /** Takes out what must not be shown. */
  readonly mask: (text: string) => string;
  /** Between two looks at a run at work. */
  readonly everyMs: number;
}

interface Parts extends Omit<ServerParts, 'page' | 'streams'> {
  readonly page: PageParts;
  readonly streams: EventStreams;
  readonly sessions: Sessions;
}

interface JobParams {
  readonly job: string;
}

interface RunParams extends JobParams {
  readonly run: string;
}

const CONFIG = { config: { isPage: true } };

/** The operator's page: a few addresses to read, in a part of the server whose errors are pages, too. */
export function addPageRoutes(app: FastifyInstance, parts: Parts): void {
  const { sessions, page, tls } = parts;
  app.register(async (scope) => {
    scope.setErrorHandler((error, request, reply) => {
      const fault = publicError(error);
      if (fault.status === 500) logFault(parts.log, request, error);
      sendFault(reply, request, fault, parts);
    });
    addSignInRoutes(scope, { sessions, clock: page.clock, isSecure: tls !== null });
    const reader = new PageReader(parts.jobs, page.clock);
    addJobPages(scope, parts, reader);
    addRunPages(scope, parts, reader);
    addProgress(scope, parts);
  });
}

function addJobPages(scope: FastifyInstance, parts: Parts, reader: PageReader): void {
  const { jobs, page } = parts;
  scope.get<{ Querystring: { readonly from?: string } }>('/', CONFIG, async (request, reply) => {
    const from = Number(request.query.from ?? 0);
    const found = await reader.jobs(Number.isSafeInteger(from) && from > 0 ? from : 0);
    const content = jobsPage(found, page.clock.now());
    return sendPage(reply, request, parts, { title: 'Jobs', content, address: '/' });
  });
  scope.get<{ Params: JobParams; Querystring: { readonly before?: string } }>(
    '/jobs/:job',
    CONFIG,
    async (request, reply) => {
      const { before } = request.query;
      const found = await jobs.use(request.params.job, async (job, source) => ({
        facts: await reader.job(job, source),
        ...(await reader.runs(source, typeof before === 'string' ? before : null)),
      }));
      reply.job = found.facts.source.name;
      const content = jobPage(found, page.clock.now());
      return sendPage(reply, request, parts, { title: reply.job, content });
    },
  );
  scope.get<{ Params: JobParams }>('/jobs/:job/lookup', CONFIG, async (request, reply) => {
    const found = await jobs.use(request.params.job, (job) => readLookup(job, askedOf(request.query)));
    reply.job = request.params.job;
    const content = lookupPage(reply.job, found);
    return sendPage(reply, request, parts, { title: `Predictions of ${reply.job}`, content });
  });
}

function addRunPages(scope: FastifyInstance, parts: Parts, reader: PageReader): void {
  const { jobs, page } = parts;
  const desk = new ReportDesk({ make: page.makeReport, clock: page.clock });
  scope.get<{ Params: RunParams }>('/jobs/:job/runs/:run', CONFIG, async (request, reply) => {
    const { job, run } = request.params;
    const facts = await jobs.use(job, (_, source) => reader.run(source, run));
    reply.job = job;
    const content = runPage(job, facts);
    return sendPage(reply, request, parts, { title: `${job}: run ${run}`, content, isLive: isLive(facts) });
  });
  scope.get<{ Params: RunParams }>('/jobs/:job/runs/:run/report', CONFIG, async (request, reply) => {
    const { job, run: runId } = request.params;
    const text = await jobs.use(job, async (_, source) => {
      await assertRun(source.folderOfJob, runId);
      return desk.page({ folderOfJob: source.folderOfJob, runId });
    });
    reply.job = job;
    if (text === null) return sendFault(reply, request, TOO_MANY_REPORTS, parts);
    return sendHtml(reply, page.mask(text), REPORT_POLICY);
  });
}

const TOO_MANY_REPORTS: PublicError = {
  status: 503,
  body: {
    error: { code: 'TOO_MANY_REPORTS', message: 'Several reports are being made. Try again in a minute.' },
  },
  retryAfterSeconds: 60,
};

function addProgress(scope: FastifyInstance, { jobs, streams, page }: Parts): void {
  const feeds = new ProgressFeeds(page);
  scope.addHook('preClose', async () => feeds.close());
  const options = { ...CONFIG, exposeHeadRoute: false };
  scope.get<{ Params: RunParams }>('/jobs/:job/runs/:run/progress', options, async (request, reply) => {
    const { job, run } = request.params;
    const stream = await jobs.use(job, async (_, { folderOfJob }) => {
      await assertRun(folderOfJob, run);
      return openEvents(streams, (events) =>
        feeds.follow(folderOfJob, run, {
          tell: ({ value, max, text, lines }, isWhole) =>
            events.send({ event: 'progress', data: { value, max, text, lines, isWhole } }),
          end: () => {
            events.send({ event: 'end', data: {} });
            events.end();
          },
        }),
      );
    });
    return sendEvents(reply, stream);
  });
}

function sendPage(
  reply: FastifyReply,
  request: FastifyRequest,
  { page, tokens, sessions }: Parts,
  options: Omit<FrameOptions, 'now' | 'isSignedIn'>,
): FastifyReply {
  const isSignedIn = tokens.areWanted && sessions.allows(request.headers.cookie);
  return sendHtml(reply, page.mask(pageFrame({ ...options, now: page.clock.now(), isSignedIn })));
}

function sendFault(
  reply: FastifyReply,
  request: FastifyRequest,
  fault: PublicError,
  parts: Parts,
): FastifyReply {
  if (fault.retryAfterSeconds !== null) reply.header('retry-after', String(fault.retryAfterSeconds));
  const content = faultPage(fault);
  return sendPage(reply.code(fault.status), request, parts, { title: String(fault.status), content });
}
