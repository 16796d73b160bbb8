import type { FastifyInstance } from 'fastify';
import type { JobState } from '../../served-job.ts';
import type { ServerParts } from '../http-server.ts';

/** Why a job is not ready, in one word; null where it is. */
export function whyNotReady({ view, age, failure }: JobState, allowsStale: boolean): string | null {
  if (failure?.code === 'NOT_FOUND') return 'nothing published';
  if (view === null) return 'store away';
  return age?.isStale && !allowsStale ? 'stale' : null;
}

/** Whether all of these jobs can be answered for. */
export function areReady(states: readonly JobState[], allowsStale: boolean): boolean {
  return states.every((state) => whyNotReady(state, allowsStale) === null);
}

/** Whether the process lives, and whether it can answer: without a token, since probes have none. */
export function addHealthRoutes(app: FastifyInstance, { jobs, tokens, isDraining }: ServerParts): void {
  const config = { isOpen: true };
  app.get('/healthz', { config }, async () => ({ status: 'ok' }));
  app.get<{ Querystring: { readonly stale?: string; readonly job?: string } }>(
    '/readyz',
    { config },
    async (request, reply) => {
      const { stale, job } = request.query;
      const asked = job === undefined ? jobs.jobs : [await jobs.use(job, async (each) => each)];
      const states = await Promise.all(asked.map((each) => each.state()));
      const reasons = states.map((state) => ({ job: state.job, reason: whyNotReady(state, stale === 'ok') }));
      const isReady = !isDraining() && areReady(states, stale === 'ok');
      const status = isReady ? 'ready' : isDraining() ? 'ending' : 'not ready';
      reply.code(isReady ? 200 : 503);
      // Names of jobs are for those who may ask for them.
      if (!tokens.allows(request.headers.authorization)) return { status };
      return {
        status,
        jobs: reasons.map((each) => ({
          job: each.job,
          ready: each.reason === null,
          ...(each.reason === null ? {} : { reason: each.reason }),
        })),
      };
    },
  );
}
