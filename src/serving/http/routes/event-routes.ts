import type { FastifyInstance, FastifyReply } from 'fastify';
import type { EventStream, EventStreams } from '../../events/event-streams.ts';
import { type FlipEvent, idOf } from '../../events/seen-flips.ts';
import type { ServerParts } from '../http-server.ts';
import { JSON_TYPE } from './prediction-routes.ts';

/** Flips of a job, as server-sent events. */
export function addEventRoutes(app: FastifyInstance, { jobs }: ServerParts, streams: EventStreams): void {
  // A HEAD would hold a stream that nobody reads.
  const options = { exposeHeadRoute: false };
  app.get<{ Params: { readonly job: string } }>('/v1/jobs/:job/events', options, async (request, reply) => {
    const lastId = request.headers['last-event-id'];
    const stream = await jobs.use(request.params.job, (job) => {
      reply.job = job.name;
      return openEvents(streams, (events) =>
        job.flips.listen(typeof lastId === 'string' && lastId !== '' ? lastId : undefined, {
          tell: (event) =>
            events.send({ event: event.kind, id: idOf(event), data: flipJson(job.name, event) }),
          end: () => events.end(),
        }),
      );
    });
    // Not while the job is in use: a reply is awaited to its end.
    return sendEvents(reply, stream);
  });
}

/**
 * A stream for one client. `listen` begins to fill it, and returns what ends that; where it throws, so does this.
 * Null where there are too many clients.
 */
export async function openEvents(
  streams: EventStreams,
  listen: (stream: EventStream) => Promise<() => void>,
): Promise<EventStream | null> {
  const stream = streams.open();
  if (stream === null) return null;
  try {
    const leave = await listen(stream);
    if (stream.body.destroyed) leave();
    else stream.body.once('close', leave);
    return stream;
  } catch (error) {
    stream.body.destroy();
    throw error;
  }
}

export function sendEvents(reply: FastifyReply, stream: EventStream | null): FastifyReply {
  if (stream === null) return sendTooMany(reply);
  return reply
    .header('content-type', 'text/event-stream; charset=utf-8')
    .header('cache-control', 'no-store')
    .header('x-accel-buffering', 'no')
    .header('connection', 'close')
    .send(stream.body);
}

function sendTooMany(reply: FastifyReply): FastifyReply {
  const message = 'As many clients follow events as this server takes. Try again later.';
  return reply
    .code(503)
    .header('retry-after', '10')
    .header('content-type', JSON_TYPE)
    .send(JSON.stringify({ error: { code: 'TOO_MANY_CLIENTS', message } }));
}

function flipJson(job: string, { kind, flip, info, previous }: FlipEvent) {
  return {
    job,
    event: kind,
    run: info.runId,
    generation: flip.generation,
    previous,
    model: info.model,
    modelSha256: info.modelSha256,
    generatedAt: info.createdAt,
    token: flip.fence?.token ?? null,
  };
}
