import { z } from 'zod';
import { DATATYPES } from '../../open-inference/datatypes.ts';
import { inferRequestSchema } from '../../open-inference/infer-request.ts';
import { jsonAnswer, jsonContent } from '../openapi/openapi-content.ts';

/** What the protocol's answers look like; tests hold the server to it. */

const tensor = { name: z.string(), datatype: z.enum(DATATYPES), shape: z.array(z.int()) };
export const serverMetadataSchema = z.object({
  name: z.string(),
  version: z.string(),
  extensions: z.array(z.string()),
});
export const modelMetadataSchema = z.object({
  name: z.string(),
  versions: z.array(z.string()),
  platform: z.string(),
  inputs: z.array(z.object(tensor)),
  outputs: z.array(z.object(tensor)),
});
export const inferResponseSchema = z.object({
  model_name: z.string(),
  model_version: z.string().describe('The published generation.'),
  id: z.string().optional(),
  parameters: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .describe(
      'run, generated_at, age_seconds and stale. Where rows may be null, missing and rejected: the indices of keys without a prediction, and of rows that cannot be scored. While there is a canary, canary, canary_share and canary_rows: its generation, its share of the keys, and the rows that come from it.',
    ),
  outputs: z.array(
    z.object({
      ...tensor,
      data: z
        .array(z.union([z.number(), z.string(), z.boolean(), z.null()]))
        .describe('NaN, the infinities and keys without a prediction are null.'),
    }),
  ),
});
export const protocolErrorSchema = z.object({ error: z.string() });
const serverReadySchema = z.object({ live: z.boolean(), ready: z.boolean() });
const modelReadySchema = z.object({ name: z.string(), ready: z.boolean() });

const ERRORS = {
  '400': jsonAnswer('A tensor or a parameter does not fit.', protocolErrorSchema),
  '401': jsonAnswer('No valid token was given, and the server wants one.', protocolErrorSchema),
  '404': jsonAnswer('No such model or version, or keys without a prediction.', protocolErrorSchema),
  '429': jsonAnswer('Too many questions wait for the live model.', protocolErrorSchema),
  '503': jsonAnswer('The store is away, or the live model cannot be asked.', protocolErrorSchema),
};
const inPath = (name: string) => ({ name, in: 'path', required: true, schema: { type: 'string' } });

/** The addresses of the Open Inference Protocol. */
export function openInferencePaths() {
  return {
    '/v2': serverItem('serverMetadata'),
    '/v2/': serverItem('serverMetadataWithSlash'),
    '/v2/health/live': {
      get: {
        operationId: 'serverLive',
        summary: 'Open Inference Protocol: whether the process lives.',
        security: [],
        responses: { '200': jsonAnswer('It does.', z.object({ live: z.literal(true) })) },
      },
    },
    '/v2/health/ready': {
      get: {
        operationId: 'serverReady',
        summary: 'Open Inference Protocol: whether every model can be answered for.',
        security: [],
        responses: {
          '200': jsonAnswer('Ready.', serverReadySchema),
          '503': jsonAnswer('Not ready.', serverReadySchema),
        },
      },
    },
    ...modelItems('/v2/models/{job}', '', [inPath('job')]),
    ...modelItems('/v2/models/{job}/versions/{version}', 'OfVersion', [inPath('job'), inPath('version')]),
  };
}

function serverItem(operationId: string) {
  return {
    get: {
      operationId,
      summary: 'Open Inference Protocol: name and version of the server.',
      responses: { '200': jsonAnswer('The server.', serverMetadataSchema), '401': ERRORS['401'] },
    },
  };
}

function modelItems(path: string, suffix: string, parameters: readonly object[]) {
  const { '400': _, '429': __, ...lookup } = ERRORS;
  return {
    [path]: {
      parameters,
      get: {
        operationId: `modelMetadata${suffix}`,
        summary:
          'Open Inference Protocol: the tensors of a model. JOB is the stored predictions of a job, JOB.live its live model.',
        responses: { '200': jsonAnswer('The model.', modelMetadataSchema), ...lookup },
      },
    },
    [`${path}/ready`]: {
      parameters,
      get: {
        operationId: `modelReady${suffix}`,
        summary: 'Open Inference Protocol: whether a model can be answered for.',
        responses: {
          '200': jsonAnswer('Ready.', modelReadySchema),
          '401': ERRORS['401'],
          '404': ERRORS['404'],
          '503': jsonAnswer('Not ready.', modelReadySchema),
        },
      },
    },
    [`${path}/infer`]: {
      parameters,
      post: {
        operationId: `infer${suffix}`,
        summary:
          'Open Inference Protocol: predictions of the keys that the input tensors name; from a live model, also of rows and features.',
        requestBody: { required: true, content: jsonContent(inferRequestSchema) },
        responses: { '200': jsonAnswer('The predictions.', inferResponseSchema), ...ERRORS },
      },
    },
  };
}
