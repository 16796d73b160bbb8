import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Answer } from '../../served-job.ts';
import type { ServerParts } from '../http-server.ts';
import { columnsOfQuery, keysSchema, parseKeys } from './asked-keys.ts';

export const JSON_TYPE = 'application/json; charset=utf-8';

interface JobParams {
  readonly job: string;
}

/** Predictions: of one key, its series, or many keys at once; also where a row is changed. */
export function addPredictionRoutes(app: FastifyInstance, { jobs, limits }: ServerParts): void {
  const schema = keysSchema(limits.keys);
  app.get<{ Params: JobParams }>('/v1/jobs/:job/predictions', (request, reply) =>
    jobs.use(request.params.job, async (job) => {
      reply.job = job.name;
      return sendAnswer(request, reply, await job.one(columnsOfQuery(request.query)));
    }),
  );
  app.post<{ Params: JobParams }>('/v1/jobs/:job/predictions', (request, reply) =>
    jobs.use(request.params.job, async (job) => {
      reply.job = job.name;
      const { keys, with: changed } = parseKeys(request.body, schema, limits.keys);
      const answer = changed === undefined ? job.many(keys) : job.whatIf(keys, changed);
      return sendAnswer(request, reply, await answer);
    }),
  );
}

function sendAnswer(request: FastifyRequest, reply: FastifyReply, answer: Answer): FastifyReply {
  reply.source = answer.source;
  reply.header('content-type', JSON_TYPE);
  if (answer.etag === null) return reply.header('cache-control', 'no-store').send(answer.body);
  reply.header('etag', answer.etag).header('cache-control', 'no-cache');
  const known = request.method === 'GET' ? request.headers['if-none-match'] : undefined;
  if (known !== undefined && namesTag(known, answer.etag)) return reply.code(304).send();
  return reply.send(answer.body);
}

/** Tags are compared weakly, as RFC 9110 has it. */
function namesTag(header: string, etag: string): boolean {
  const plain = (tag: string): string => tag.trim().replace(/^W\//, '');
  return header.trim() === '*' || header.split(',').some((tag) => plain(tag) === plain(etag));
}
