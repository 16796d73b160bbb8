import { z } from 'zod';
import { ownVersion } from '../../../runs/record/versions.ts';
import { keysSchema } from '../routes/asked-keys.ts';
import { invocationsSchema } from '../routes/mlflow-routes.ts';
import { openInferencePaths, protocolErrorSchema } from '../routes/open-inference-paths.ts';
import { isOpenInference } from '../routes/open-inference-routes.ts';
import { BODY_TYPES } from '../routes/score-routes.ts';
import { jsonAnswer, jsonContent } from './openapi-content.ts';

/** What answers look like; tests hold the server to it. */

const value = z
  .union([
    z.number(),
    z.string(),
    z.boolean(),
    z.null(),
    z.array(z.unknown()),
    z.record(z.string(), z.unknown()),
  ])
  .describe('A number or a text where the job has one value; else JSON. NaN and the infinities are null.');

const series = z.record(z.string(), value).describe('By field (a date, mostly), sorted.');

const canary = z
  .object({ published: z.string(), canary: z.string(), share: z.number() })
  .optional()
  .describe(
    'While there is a canary: both generations, and the share of the keys that are answered from the canary.',
  );

const origin = {
  job: z.string(),
  run: z.string().describe('The run that made the prediction.'),
  generation: z.string().describe('The version of the store that the key is answered from.'),
  model: z.string().describe("File name of the run's model."),
  modelSha256: z.string(),
  generatedAt: z.iso.datetime().describe('When the run was planned.'),
  ageSeconds: z.int().nonnegative(),
  stale: z.boolean().describe('Whether the run is older than serving.maxAge allows.'),
  source: z
    .enum(['stored', 'live', 'previous'])
    .describe(
      "stored: from the store. live: from the run's own model. previous: the last known answer, while the store is away.",
    ),
  canary,
};

const itemOrigin = {
  generation: z
    .string()
    .optional()
    .describe('While there is a canary: the generation that this key is answered from.'),
};

const itemSource = { source: z.literal('live').optional().describe('Left out: stored.') };
export const predictionSchema = z.object({ ...origin, value });
export const seriesSchema = z.object({ ...origin, values: series });
export const manySchema = z.object({
  ...origin,
  predictions: z
    .array(
      z.union([
        z.object({
          found: z.literal(false),
          error: z
            .object({ code: z.string(), message: z.string() })
            .optional()
            .describe('Why the live model could not be asked, where it had to be.'),
        }),
        z.object({ found: z.literal(true), value, ...itemOrigin, ...itemSource }),
        z.object({ found: z.literal(true), values: series, ...itemOrigin }),
      ]),
    )
    .describe('In the order asked for.'),
});
export const errorSchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    field: z.string().optional().describe('What of the request is meant.'),
    unknown: z
      .array(z.string())
      .optional()
      .describe('Of a key that was not found: the columns whose value no prediction has.'),
  }),
});
export const jobSchema = z.object({
  job: z.string(),
  published: z.boolean(),
  run: z.string().optional(),
  generation: z.string().optional(),
  model: z.string().optional(),
  modelSha256: z.string().optional(),
  generatedAt: z.iso.datetime().optional(),
  ageSeconds: z.int().nonnegative().optional(),
  stale: z.boolean().optional(),
  keyColumns: z.array(z.string()).optional(),
  fieldColumns: z.array(z.string()).optional(),
  values: z.array(z.string()).optional(),
  canary,
  error: errorSchema.shape.error.optional(),
});
export const jobsSchema = z.object({ jobs: z.array(jobSchema) });
export const flipSchema = z.object({
  job: z.string(),
  event: z.enum(['current', 'publish', 'rollback']),
  run: z.string(),
  generation: z.string(),
  previous: z.string().nullable().describe('What readers saw before; null where that is not known.'),
  model: z.string(),
  modelSha256: z.string(),
  generatedAt: z.iso.datetime(),
  token: z.int().nullable().describe('The fencing token, and the id of the event.'),
});
export const readySchema = z.object({
  status: z.enum(['ready', 'not ready', 'ending']),
  jobs: z
    .array(z.object({ job: z.string(), ready: z.boolean(), reason: z.string().optional() }))
    .optional()
    .describe('Only for those who may ask.'),
});

const ERRORS = {
  '401': jsonAnswer('No valid token was given, and the server wants one.', errorSchema),
  '404': jsonAnswer('No such job is served, nothing is published, or the key is unknown.', errorSchema),
  '422': jsonAnswer('The request is understood, but names columns or values that do not fit.', errorSchema),
  '429': {
    ...jsonAnswer('Too many questions wait for the live model.', errorSchema),
    headers: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } },
  },
  '503': {
    ...jsonAnswer('The store is away, or the live model cannot be asked.', errorSchema),
    headers: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } },
  },
};
const ETAG = {
  ETag: { description: 'The generation; of many keys beside a canary, both.', schema: { type: 'string' } },
};
interface Operation {
  readonly responses: Readonly<Record<string, object>>;
  readonly [field: string]: unknown;
}

interface PathItem {
  readonly parameters?: readonly object[];
  readonly get?: Operation;
  readonly post?: Operation;
}

const JOB = { name: 'job', in: 'path', required: true, schema: { type: 'string' } };
const OPEN: readonly object[] = [];

/** The description of the whole API, OpenAPI 3.1. */
export function openApiDocument(options: { readonly mostKeys: number }) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'serve-batch',
      version: ownVersion(),
      summary: 'Predictions that batch runs have published.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    security: [{}, { token: [] }],
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    paths: withForeignHosts({
      '/v1/jobs': {
        get: {
          operationId: 'listJobs',
          summary: 'The jobs that are served, and what is published of each.',
          responses: { '200': jsonAnswer('The jobs.', jobsSchema), '401': ERRORS['401'] },
        },
      },
      '/v1/jobs/{job}': {
        parameters: [JOB],
        get: {
          operationId: 'getJob',
          summary: 'What is published of one job, and the columns of its keys.',
          responses: { '200': jsonAnswer('The job.', jobSchema), '401': ERRORS['401'], '404': ERRORS['404'] },
        },
      },
      '/v1/jobs/{job}/predictions': {
        parameters: [JOB],
        get: {
          operationId: 'getPrediction',
          summary: 'One prediction; without the columns of the field, the whole series of the key.',
          parameters: [
            {
              name: 'columns',
              in: 'query',
              description: 'A parameter for each column of key and field: store=1&product=2&date=2026-11-21.',
              style: 'form',
              explode: true,
              schema: { type: 'object', additionalProperties: { type: 'string' } },
            },
            { name: 'If-None-Match', in: 'header', schema: { type: 'string' } },
          ],
          responses: {
            '200': {
              ...jsonAnswer('The prediction, or the series.', z.union([predictionSchema, seriesSchema])),
              headers: ETAG,
            },
            '304': { description: 'The generation is the one that If-None-Match names.' },
            ...ERRORS,
          },
        },
        post: {
          operationId: 'getPredictions',
          summary:
            'Many predictions or series at once, as one publication left them: all from one generation, or beside a canary each key from its own.',
          requestBody: { required: true, content: jsonContent(keysSchema(options.mostKeys)) },
          responses: {
            '200': { ...jsonAnswer('The predictions.', manySchema), headers: ETAG },
            '400': jsonAnswer('The body is not JSON.', errorSchema),
            '413': jsonAnswer('The body is too large.', errorSchema),
            ...ERRORS,
          },
        },
      },
      '/v1/jobs/{job}/events': {
        parameters: [JOB],
        get: {
          operationId: 'followJob',
          summary: 'Each flip of the job, as server-sent events: publish or rollback; at first, current.',
          parameters: [
            {
              name: 'Last-Event-ID',
              in: 'header',
              description:
                'The id of the last event that was seen, a fencing token: what came since is told first.',
              schema: { type: 'string' },
            },
          ],
          responses: {
            '200': {
              description: 'Events without end. The data of each is JSON.',
              content: { 'text/event-stream': jsonContent(flipSchema)['application/json'] },
            },
            '401': ERRORS['401'],
            '404': ERRORS['404'],
            '503': {
              ...ERRORS['503'],
              description: 'The store is away, or too many clients follow events.',
            },
          },
        },
      },
      '/v1/jobs/{job}/score': {
        parameters: [JOB],
        post: {
          operationId: 'scoreRows',
          summary:
            "Scores rows with the published run's own features and model, where the job has serving.live.",
          requestBody: {
            required: true,
            description: 'Rows with all columns of the input, or all features of the model.',
            content: Object.fromEntries(Object.keys(BODY_TYPES).map((type) => [type, {}])),
          },
          responses: {
            '200': {
              description:
                'A line a row, {"row": 1, "value": 2.5} or {"row": 2, "reject": {"column": "price", "reason": "..."}}; the last line has rows, rejects and run, or an error.',
              content: { 'application/x-ndjson': {}, 'text/event-stream': {} },
            },
            '413': jsonAnswer('The body is too large.', errorSchema),
            ...ERRORS,
          },
        },
      },
      '/invocations': {
        post: {
          operationId: 'mlflowInvocations',
          summary: "MLflow's scoring protocol: rows to the live model of the job, or of ?job=NAME.",
          parameters: [
            {
              name: 'job',
              in: 'query',
              description: 'Where several are answered live.',
              schema: { type: 'string' },
            },
          ],
          requestBody: { required: true, content: jsonContent(invocationsSchema) },
          responses: {
            '200': jsonAnswer('The predictions.', z.object({ predictions: z.array(value) })),
            ...ERRORS,
          },
        },
      },
      '/ping': {
        get: {
          operationId: 'mlflowPing',
          summary: "MLflow's probe: whether the process lives.",
          security: OPEN,
          responses: { '200': { description: 'It does.', content: { 'text/plain': {} } } },
        },
      },
      ...openInferencePaths(),
      '/healthz': {
        get: {
          operationId: 'health',
          summary: 'Whether the process lives.',
          security: OPEN,
          responses: { '200': jsonAnswer('It does.', z.object({ status: z.literal('ok') })) },
        },
      },
      '/readyz': {
        get: {
          operationId: 'readiness',
          summary:
            'Whether every job can be answered for: its store answers, a run is published, and it is not stale.',
          security: OPEN,
          parameters: [
            { name: 'job', in: 'query', description: 'This job only.', schema: { type: 'string' } },
            {
              name: 'stale',
              in: 'query',
              description: 'ok: a stale job counts as ready.',
              schema: { type: 'string', enum: ['ok'] },
            },
          ],
          responses: {
            '200': jsonAnswer('Ready.', readySchema),
            '503': jsonAnswer('Not ready.', readySchema),
          },
        },
      },
      '/metrics': {
        get: {
          operationId: 'metrics',
          summary: "Metrics of requests and runs, in Prometheus' text format.",
          responses: {
            '200': { description: 'The metrics.', content: { 'text/plain': {} } },
            '401': ERRORS['401'],
          },
        },
      },
    }),
  };
}

/** Any request may have a `Host` that the server does not answer to. */
function withForeignHosts(paths: Readonly<Record<string, PathItem>>): Readonly<Record<string, PathItem>> {
  const items = Object.entries(paths).map(([path, item]) => {
    const schema = isOpenInference(path) ? protocolErrorSchema : errorSchema;
    const refused = jsonAnswer('The server listens on its own machine only, and has another name.', schema);
    const operations = (['get', 'post'] as const).flatMap((method) => {
      const operation = item[method];
      if (operation === undefined) return [];
      return [[method, { ...operation, responses: { ...operation.responses, '403': refused } }] as const];
    });
    return [path, { ...item, ...Object.fromEntries(operations) }] as const;
  });
  return Object.fromEntries(items);
}

/** As it is committed. */
export function openApiText(options: { readonly mostKeys: number }): string {
  return `${JSON.stringify(openApiDocument(options), null, 2)}\n`;
}
