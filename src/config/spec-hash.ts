import { createHash } from 'node:crypto';
import { DEFAULT_KV_LAYOUT, type JobSpec } from './job-spec.ts';
import { maskKvUrl } from './kv-url.ts';

/**
 * What of a job decides the bytes of its parts, or what its store holds, as lower-case hexadecimal SHA-256.
 * Not in it: the input's paths and content and the model's bytes (they have hashes of their own), names,
 * where the output goes, how many processes work, and how often they try. A batch size of `auto` counts as
 * that word, whatever number is found: the run is the same on every machine and after every measurement.
 *
 * @param versions what else decides bytes: versions of libraries, hashes of the tables of features.select
 */
export function specSha256(spec: JobSpec, versions: Readonly<Record<string, string>>): string {
  return createHash('sha256')
    .update(canonicalJson({ ...decidingFields(spec), versions }))
    .digest('hex');
}

function decidingFields(spec: JobSpec) {
  const { input, features, model, output, kv, execution, onInvalid } = spec;
  return {
    input: {
      format: input.format,
      hivePartitioning: input.hivePartitioning,
      csv: input.csv,
      json: input.json,
    },
    features,
    model: { outputs: model.outputs },
    output: {
      columns: output.columns,
      rename: output.rename,
      vectors: output.vectors,
      compression: output.compression,
    },
    kv: kv === null ? null : decidingKv(kv),
    execution: {
      shardRows: execution.shardRows,
      batchSize: execution.batchSize,
      threads: execution.threads,
      ...decidingDevice(execution),
    },
    onInvalid: { action: onInvalid.action },
  };
}

/**
 * A device that is named. `auto` and `cpu` are left out: the run is the same on every machine, and runs
 * from before there was a choice stay the same. That a run for `cpu` was computed there is for those who
 * look for an earlier run to check: see isOnWantedDevice in pipeline/device-of-run.ts.
 */
function decidingDevice({ device, deviceOptions }: JobSpec['execution']) {
  return device === 'auto' || device === 'cpu' ? {} : { device, deviceOptions };
}

/** Another store is another run; another password of it is not. */
function decidingKv(kv: NonNullable<JobSpec['kv']>) {
  return {
    url: kv.url === null ? null : maskKvUrl(kv.url),
    key: kv.key.text,
    field: kv.field?.text ?? null,
    values: kv.values,
    ttlSeconds: kv.ttlSeconds,
    // Left out where it is the default: runs from before there was a choice stay the same.
    layout: kv.layout === DEFAULT_KV_LAYOUT ? undefined : kv.layout,
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
