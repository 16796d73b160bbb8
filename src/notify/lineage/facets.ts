import { ownVersion } from '../../runs/record/versions.ts';

/** The specification that events and facets follow. */
const SPEC = 'https://openlineage.io/spec';
export const SCHEMA_URL = `${SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent`;

/** Who made the events: the package, as package URLs name it. */
export const PRODUCER = `pkg:npm/serve-batch@${ownVersion()}`;

export interface Facet {
  readonly _producer: string;
  readonly _schemaURL: string;
  readonly [field: string]: unknown;
}

interface Statistics {
  readonly rowCount: number;
  readonly size: number;
  readonly fileCount?: number;
}

const standard =
  <T extends object>(name: string, version: string) =>
  (fields: T): Facet => ({
    _producer: PRODUCER,
    _schemaURL: `${SPEC}/facets/${version}/${name}.json#/$defs/${name}`,
    ...fields,
  });

const version = standard<{ datasetVersion: string }>('DatasetVersionDatasetFacet', '1-0-1');
const schema = standard<{ fields: readonly { name: string; type: string }[] }>('SchemaDatasetFacet', '1-2-0');

/** The facets of OpenLineage that a run has something to say in, by the versions of their schemas. */
export const facet = {
  version: (datasetVersion: string) => version({ datasetVersion }),
  schema: (fields: readonly { name: string; type: string }[]) => schema({ fields }),
  inputStatistics: standard<Statistics>('InputStatisticsInputDatasetFacet', '1-0-0'),
  outputStatistics: standard<Statistics>('OutputStatisticsOutputDatasetFacet', '1-0-2'),
  nominalTime: standard<{ nominalStartTime: string }>('NominalTimeRunFacet', '1-0-1'),
  errorMessage: standard<{ message: string; programmingLanguage: string }>('ErrorMessageRunFacet', '1-0-1'),
  processingEngine: standard<{ version: string; name: string }>('ProcessingEngineRunFacet', '1-1-1'),
  jobType: standard<{ processingType: string; integration: string; jobType: string }>(
    'JobTypeJobFacet',
    '2-0-4',
  ),
  documentation: standard<{ description: string }>('DocumentationJobFacet', '1-1-0'),
  sql: standard<{ query: string; dialect: string }>('SQLJobFacet', '1-1-0'),
  /** What no facet of OpenLineage has a place for. */
  own: (fields: object): Facet => ({
    _producer: PRODUCER,
    _schemaURL: `${SPEC}/2-0-2/OpenLineage.json#/$defs/RunFacet`,
    ...fields,
  }),
};
