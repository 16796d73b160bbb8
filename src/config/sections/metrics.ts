import type { z } from 'zod';
import { expected, section, text } from '../fields/field-kinds.ts';
import { resolvePath } from '../fields/resolve-path.ts';
import { webUrl } from '../fields/web-url.ts';

/** Where the figures of a job's runs go after each of them. At least one of the two is there. */
export interface MetricsSpec {
  /** Absolute. */
  readonly textfileFolder: string | null;
  /** May hold a password: mask before showing. */
  readonly pushgateway: string | null;
}

const FOLDER = expected(
  "the folder of node_exporter's textfile collector",
  '/var/lib/node_exporter/textfile_collector',
);
const GATEWAY = expected('an http or https URL', 'http://pushgateway:9091');

/** The field `metrics` of a job file. */
export const metrics = section({
  textfileFolder: text(FOLDER)
    .exactOptional()
    .describe(
      "The folder of node_exporter's textfile collector. Each run of the job replaces serve-batch-NAME.prom in it.",
    ),
  pushgateway: webUrl(GATEWAY)
    .exactOptional()
    .describe('A Prometheus Pushgateway, which gets the metrics as the group job/NAME.'),
})
  .refine(({ textfileFolder, pushgateway }) => textfileFolder !== undefined || pushgateway !== undefined, {
    error: expected(
      'a map with textfileFolder, pushgateway or both',
      'metrics: {pushgateway: "http://pushgateway:9091"}',
    ),
  })
  .describe('Where to send the metrics for Prometheus after each run.');

/** The long form; null where they go nowhere. */
export function normaliseMetrics(
  written: z.output<typeof metrics> | undefined,
  folder: string,
): MetricsSpec | null {
  if (written === undefined) return null;
  const { textfileFolder, pushgateway = null } = written;
  return {
    textfileFolder: textfileFolder === undefined ? null : resolvePath(textfileFolder, folder),
    pushgateway,
  };
}
