import type { FastifyInstance } from 'fastify';
import type { ServerParts } from '../http-server.ts';

/** Metrics for Prometheus: of requests, of what is published, and of runs. */
export function addMetricsRoute(app: FastifyInstance, { metrics, runMetrics, jobs }: ServerParts): void {
  app.get('/metrics', async (_, reply) => {
    const states = await Promise.all(jobs.jobs.map((job) => job.state()));
    metrics.setStates(states);
    metrics.setLive(jobs.jobs);
    reply.header('content-type', metrics.contentType);
    return `${await metrics.text()}\n${await runMetrics()}`;
  });
}
