import { createHash } from 'node:crypto';
import type { JobSpec } from './job-spec.ts';
import { decidingActuals } from './sections/actuals.ts';
import { decidingExecution } from './sections/execution.ts';
import { decidingFeatures } from './sections/features.ts';
import { decidingInput } from './sections/input.ts';
import { decidingKv } from './sections/kv.ts';
import { decidingOutput } from './sections/output.ts';

/**
 * What of a job decides the bytes of its parts, or what its store holds, as lower-case hexadecimal SHA-256.
 * Not in it: the input's paths and content and the model's bytes (they have hashes of their own), names,
 * where the output goes, how many processes work, and how often they try. A batch size of `auto` counts as
 * that word, whatever number is found: the run is the same on every machine and after every measurement.
 *
 * @param versions what else decides bytes: versions of libraries, hashes of the tables of features.select
 */
export function specSha256(spec: DecidingSections, versions: Readonly<Record<string, string>>): string {
  return createHash('sha256')
    .update(canonicalJson({ ...decidingFields(spec), versions }))
    .digest('hex');
}

type DecidingSections = Pick<
  JobSpec,
  'input' | 'features' | 'model' | 'output' | 'kv' | 'execution' | 'onInvalid' | 'actuals' | 'intervals'
>;

function decidingFields(spec: DecidingSections) {
  const { input, features, model, output, kv, execution, onInvalid, actuals, intervals } = spec;
  return {
    input: decidingInput(input),
    features: decidingFeatures(features),
    model: { outputs: model.outputs },
    output: decidingOutput(output, kv),
    kv: kv === null ? null : decidingKv(kv),
    execution: decidingExecution(execution),
    onInvalid: { action: onInvalid.action },
    // Actuals decide bytes as far as intervals are made of them.
    ...(intervals === null ? {} : { actuals: decidingActuals(actuals), intervals }),
  };
}

/** JSON with the names of every map in code unit order; what is undefined is left out. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([name, each]) => `${JSON.stringify(name)}:${canonicalJson(each)}`).join(',')}}`;
}
