import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** What OpenLineage's specification (2-0-2) asks of a RunEvent and its facets, and that nothing else stands in one. */
const facet = (properties: Record<string, unknown> = {}, required: readonly string[] = []) => ({
  type: 'object',
  required: ['_producer', '_schemaURL', ...required],
  properties: {
    _producer: { type: 'string', format: 'uri' },
    _schemaURL: { type: 'string', format: 'uri' },
    ...properties,
  },
  additionalProperties: false,
});
const facets = (properties: Record<string, unknown>) => ({
  type: 'object',
  properties,
  additionalProperties: false,
});
const text = { type: 'string' };
const count = { type: 'integer' };
const time = { type: 'string', format: 'date-time' };
const statistics = facet({ rowCount: count, size: count, fileCount: count });
const dataset = {
  type: 'object',
  required: ['namespace', 'name'],
  properties: {
    namespace: text,
    name: text,
    facets: facets({
      schema: facet({
        fields: {
          type: 'array',
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: text, type: text },
            additionalProperties: false,
          },
        },
      }),
      version: facet({ datasetVersion: text }, ['datasetVersion']),
    }),
    inputFacets: facets({ inputStatistics: statistics }),
    outputFacets: facets({ outputStatistics: statistics }),
  },
  additionalProperties: false,
};

const RUN_EVENT = {
  type: 'object',
  required: ['eventType', 'eventTime', 'producer', 'schemaURL', 'run', 'job', 'inputs', 'outputs'],
  additionalProperties: false,
  properties: {
    eventType: { enum: ['START', 'RUNNING', 'COMPLETE', 'ABORT', 'FAIL', 'OTHER'] },
    eventTime: time,
    producer: { type: 'string', format: 'uri' },
    schemaURL: { type: 'string', format: 'uri' },
    run: {
      type: 'object',
      required: ['runId'],
      properties: {
        runId: { type: 'string', format: 'uuid' },
        facets: facets({
          nominalTime: facet({ nominalStartTime: time, nominalEndTime: time }, ['nominalStartTime']),
          errorMessage: facet({ message: text, programmingLanguage: text }, [
            'message',
            'programmingLanguage',
          ]),
          processing_engine: facet({ name: text, version: text }, ['version']),
          serveBatch_run: { ...facet(), additionalProperties: true },
        }),
      },
      additionalProperties: false,
    },
    job: {
      type: 'object',
      required: ['namespace', 'name'],
      properties: {
        namespace: text,
        name: text,
        facets: facets({
          jobType: facet({ processingType: text, integration: text, jobType: text }, [
            'processingType',
            'integration',
          ]),
          documentation: facet({ description: text }, ['description']),
          sql: facet({ query: text, dialect: text }, ['query']),
        }),
      },
      additionalProperties: false,
    },
    inputs: { type: 'array', items: dataset },
    outputs: { type: 'array', items: dataset },
  },
};

/**
 * What of an event is not as OpenLineage has it; nothing where all is well. With OPENLINEAGE_SPEC, the folder `spec/`
 * of a copy of the OpenLineage repository, its own schemas of events and facets are asked, too.
 */
export function complaintsOf(event: unknown): readonly string[] {
  const own = new Ajv2020({ allErrors: true });
  addFormats.default(own);
  const isValid = own.compile(RUN_EVENT);
  isValid(event);
  const complaints = (isValid.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  return [...complaints, ...complaintsOfSpec(event, process.env.OPENLINEAGE_SPEC)];
}

function complaintsOfSpec(event: unknown, folder: string | undefined): readonly string[] {
  if (folder === undefined) return [];
  if (!existsSync(folder)) throw new Error(`OPENLINEAGE_SPEC: there is no ${folder}`);
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const read = (path: string) => JSON.parse(readFileSync(join(folder, path), 'utf8'));
  ajv.addSchema(read('OpenLineage.json'));
  const files = readdirSync(join(folder, 'facets')).filter((name) => name.endsWith('.json'));
  for (const file of files) ajv.addSchema(read(`facets/${file}`));
  return [event, ...facetsIn(event)].flatMap((each) => {
    const address = 'schemaURL' in (each as object) ? 'schemaURL' : '_schemaURL';
    const url = (each as Record<string, string>)[address] ?? '';
    const validate = ajv.getSchema(url);
    if (validate === undefined) return [`no schema ${url}`];
    validate(each);
    return (validate.errors ?? []).map(({ instancePath, message }) => `${url}: ${instancePath} ${message}`);
  });
}

function facetsIn(value: unknown): readonly object[] {
  if (typeof value !== 'object' || value === null) return [];
  return ['_schemaURL' in value ? value : [], ...Object.values(value).map(facetsIn)].flat();
}
