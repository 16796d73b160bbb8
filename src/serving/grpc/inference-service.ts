import type { Metadata } from '@grpc/grpc-js';
import type { ServerParts } from '../http/http-server.ts';
import { areReady } from '../http/routes/health-routes.ts';
import { isModelReady } from '../http/routes/open-inference-routes.ts';
import { infer } from '../open-inference/infer.ts';
import { useModel } from '../open-inference/inference-model.ts';
import { modelMetadata, serverMetadata } from '../open-inference/model-metadata.ts';
import type { ModelInferRequest, ModelRequest } from './messages.ts';
import { readRequest } from './read-request.ts';
import { writeResponse } from './write-response.ts';

/** For the metrics: which job was asked for, once it is known to be served, and where the answer is from. */
export interface About {
  readonly job: string;
  readonly source?: string;
}

/** One call, as its method sees it. */
export interface Call<Request> {
  readonly request: Request;
  readonly metadata: Metadata;
  readonly note: (about: About) => void;
}

export interface Method {
  /** Answers without a token. */
  readonly isOpen: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: each method knows its own message
  readonly answer: (call: Call<any>) => Promise<object>;
}

/** The methods of `inference.GRPCInferenceService`: the stored predictions of a job are a model, and its live model. */
export function inferenceMethods({
  jobs,
  limits,
  isDraining,
}: ServerParts): Readonly<Record<string, Method>> {
  return {
    ServerLive: { isOpen: true, answer: async () => ({ live: true }) },
    ServerReady: {
      isOpen: true,
      answer: async ({ metadata }) => {
        const states = await Promise.all(jobs.jobs.map((job) => job.state()));
        return { ready: !isDraining() && areReady(states, allowsStale(metadata)) };
      },
    },
    ModelReady: {
      isOpen: false,
      answer: ({ request, metadata, note }: Call<ModelRequest>) =>
        useModel(jobs, request.name, async (model) => {
          note({ job: model.job.name });
          const about = { version: versionOf(request.version), allowsStale: allowsStale(metadata) };
          return { ready: (await isModelReady(model, about)) && !isDraining() };
        }),
    },
    ServerMetadata: { isOpen: false, answer: async () => serverMetadata() },
    ModelMetadata: {
      isOpen: false,
      answer: ({ request, note }: Call<ModelRequest>) =>
        useModel(jobs, request.name, (model) => {
          note({ job: model.job.name });
          return modelMetadata(model, versionOf(request.version));
        }),
    },
    ModelInfer: {
      isOpen: false,
      answer: ({ request, note }: Call<ModelInferRequest>) =>
        useModel(jobs, request.model_name, async (model) => {
          const job = model.job.name;
          note({ job });
          const version = versionOf(request.model_version);
          const inferred = await infer(model, readRequest(request), { mostKeys: limits.keys, version });
          const response = writeResponse(inferred, request.raw_input_contents.length > 0);
          note({ job, source: model.source });
          return response;
        }),
    },
  };
}

/** Null: the published one. */
function versionOf(version: string): string | null {
  return version === '' ? null : version;
}

/** Whether a probe lets old predictions pass: metadata `stale: ok`, as `?stale=ok` over HTTP. */
function allowsStale(metadata: Metadata): boolean {
  return metadata.get('stale').includes('ok');
}
