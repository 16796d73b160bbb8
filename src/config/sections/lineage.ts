import type { z } from 'zod';
import { expected, section, text } from '../fields/field-kinds.ts';
import { resolvePath } from '../fields/resolve-path.ts';
import { webUrl } from '../fields/web-url.ts';

/** Where the OpenLineage events of a job's runs go. At least one of `url` and `file` is there. */
export interface LineageSpec {
  /** May hold a secret: mask before showing. */
  readonly url: string | null;
  /** Secret. */
  readonly apiKey: string | null;
  /** Absolute. */
  readonly file: string | null;
  /** Of the job, as OpenLineage names it. */
  readonly namespace: string;
}

const DEFAULT_NAMESPACE = 'serve-batch';

const ADDRESS = expected('an http or https URL', 'http://marquez:5000/api/v1/lineage');
const FILE = expected('a file of JSON lines', 'out/lineage.ndjson');
// biome-ignore lint/suspicious/noTemplateCurlyInString: a job file has it so
const KEY = expected('a text', '${OPENLINEAGE_API_KEY}');
const NAMESPACE = expected('a text', 'forecasts');

/** The field `lineage` of a job file. */
export const lineage = section({
  url: webUrl(ADDRESS).exactOptional().describe('The URL that gets each event, as a POST of JSON.'),
  apiKey: text(KEY).exactOptional().describe('Sent to the URL as a bearer token.'),
  file: text(FILE).exactOptional().describe('A file to which each event is appended, as a line of JSON.'),
  namespace: text(NAMESPACE)
    .exactOptional()
    .describe(`The namespace of the job in OpenLineage. Default: ${DEFAULT_NAMESPACE}.`),
})
  .refine(({ url, file }) => url !== undefined || file !== undefined, {
    error: expected('a map with url, file or both', 'lineage: {url: "http://marquez:5000/api/v1/lineage"}'),
  })
  .refine(({ url, apiKey }) => apiKey === undefined || url !== undefined, {
    // The key itself must not be shown.
    path: ['url'],
    error: 'an http or https URL, since there is a lineage.apiKey.',
  })
  .describe('Where to send OpenLineage events of the runs.');

/** The long form; null where they go nowhere. */
export function normaliseLineage(
  written: z.output<typeof lineage> | undefined,
  folder: string,
): LineageSpec | null {
  if (written === undefined) return null;
  const { url = null, apiKey = null, file, namespace = DEFAULT_NAMESPACE } = written;
  return { url, apiKey, file: file === undefined ? null : resolvePath(file, folder), namespace };
}
