import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ServeBatchError } from '../../../core/errors.ts';
import { checkVersion, infer, inferredJson } from '../../open-inference/infer.ts';
import { inferRequestSchema } from '../../open-inference/infer-request.ts';
import { type InferenceModel, useModel } from '../../open-inference/inference-model.ts';
import { modelMetadata, serverMetadata } from '../../open-inference/model-metadata.ts';
import type { ServerParts } from '../http-server.ts';
import type { PublicError } from '../public-error.ts';
import { areReady } from './health-routes.ts';
import { JSON_TYPE } from './prediction-routes.ts';

interface Model {
  readonly Params: { readonly job: string; readonly version?: string };
  readonly Querystring: { readonly stale?: string };
}

/** The Open Inference Protocol, version 2, over REST: the stored predictions of a job are a model, and its live model. */
export function addOpenInferenceRoutes(app: FastifyInstance, parts: ServerParts): void {
  for (const url of ['/v2', '/v2/']) app.get(url, async () => serverMetadata());
  addHealth(app, parts);
  for (const url of ['/v2/models/:job', '/v2/models/:job/versions/:version']) addModel(app, url, parts);
}

function addHealth(app: FastifyInstance, { jobs, isDraining }: ServerParts): void {
  const config = { isOpen: true };
  app.get('/v2/health/live', { config }, async () => ({ live: true }));
  app.get<Model>('/v2/health/ready', { config }, async ({ query }, reply) => {
    const states = await Promise.all(jobs.jobs.map((job) => job.state()));
    const ready = !isDraining() && areReady(states, query.stale === 'ok');
    reply.code(ready ? 200 : 503);
    return { live: true, ready };
  });
}

function addModel(app: FastifyInstance, url: string, { jobs, limits, isDraining }: ServerParts): void {
  const use = <T>(
    { params }: FastifyRequest<Model>,
    reply: FastifyReply,
    act: (model: InferenceModel) => Promise<T>,
  ) =>
    useModel(jobs, params.job, (model) => {
      reply.job = model.job.name;
      return act(model);
    });
  app.get<Model>(url, (request, reply) =>
    use(request, reply, (model) => modelMetadata(model, request.params.version ?? null)),
  );
  app.get<Model>(`${url}/ready`, (request, reply) =>
    use(request, reply, async (model) => {
      const ready = await isModelReady(model, {
        version: request.params.version ?? null,
        allowsStale: request.query.stale === 'ok',
      });
      reply.code(ready && !isDraining() ? 200 : 503);
      return { name: model.name, ready: ready && !isDraining() };
    }),
  );
  app.post<Model>(`${url}/infer`, { onRequest: refuseBinary }, (request, reply) =>
    use(request, reply, async (model) => {
      const asked = inferRequestSchema.parse(request.body);
      const version = request.params.version ?? null;
      const inferred = await infer(model, asked, { mostKeys: limits.keys, version });
      reply.source = model.source;
      return reply.header('content-type', JSON_TYPE).send(inferredJson(inferred));
    }),
  );
}

/** Whether a model can be answered for. Throws `NOT_FOUND` for a version that is not the published one. */
export async function isModelReady(
  model: InferenceModel,
  { version, allowsStale }: { readonly version: string | null; readonly allowsStale: boolean },
): Promise<boolean> {
  const state = await model.job.state();
  if (state.view !== null) checkVersion(state.view, version);
  return areReady([state], allowsStale) && model.isReady(state);
}

/** Before the body is read: what follows its JSON would make it none. */
async function refuseBinary({ headers }: FastifyRequest): Promise<void> {
  if (headers['inference-header-content-length'] === undefined) return;
  throw new ServeBatchError(
    'USAGE',
    'The extension for binary tensors is not spoken here. Send tensors as JSON (with tritonclient, binary_data=False).',
  );
}

export function isOpenInference(url: string): boolean {
  return /^\/v2(?:[/?]|$)/.test(url);
}

/** An error as the protocol has it: its body is one text, and a request that does not fit is a 400. */
export function protocolError({ status, body }: PublicError) {
  return { status: status === 422 ? 400 : status, body: { error: body.error.message } };
}
