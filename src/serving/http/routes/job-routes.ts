import type { FastifyInstance } from 'fastify';
import { keyColumnsOf } from '../../../lookup/explain-miss.ts';
import type { JobState } from '../../served-job.ts';
import type { ServerParts } from '../http-server.ts';
import { publicError } from '../public-error.ts';

/** What is served, and from which run. */
export function addJobRoutes(app: FastifyInstance, { jobs }: ServerParts): void {
  app.get('/v1/jobs', async () => {
    const states = await Promise.all(jobs.jobs.map((job) => job.state()));
    return { jobs: states.map(jobJson) };
  });
  app.get<{ Params: { readonly job: string } }>('/v1/jobs/:job', (request, reply) =>
    jobs.use(request.params.job, async (job) => {
      reply.job = job.name;
      return jobJson(await job.state());
    }),
  );
}

export function jobJson({ job, view, age, failure }: JobState) {
  if (view === null) return { job, published: false, ...(failure === null ? {} : publicError(failure).body) };
  const { info, generation, canary } = view;
  return {
    job,
    published: true,
    run: info.runId,
    generation,
    model: info.model,
    modelSha256: info.modelSha256,
    generatedAt: info.createdAt,
    ageSeconds: age?.seconds ?? 0,
    stale: age?.isStale ?? false,
    keyColumns: keyColumnsOf({ ...info, field: null }),
    fieldColumns: keyColumnsOf(info).filter((name) => !keyColumnsOf({ ...info, field: null }).includes(name)),
    values: info.values,
    ...(canary === null ? {} : { canary }),
  };
}
