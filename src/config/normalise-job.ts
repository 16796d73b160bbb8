import { parseTemplate } from '../core/template.ts';
import { parseByteSize } from './byte-size.ts';
import { coverageShare } from './coverage-schema.ts';
import { parseDuration } from './duration.ts';
import { normaliseIncremental } from './incremental-schema.ts';
import { invalidRowPolicy } from './invalid-row-policy.ts';
import type { JobFile } from './job-schema.ts';
import * as spec from './job-spec.ts';
import { withKeyColumns } from './key-columns.ts';
import { normaliseGrid } from './normalise-grid.ts';
import { normaliseNotify, normaliseSchedule } from './normalise-schedule.ts';
import { resolveKvUrl, resolvePath } from './resolve-path.ts';

/**
 * The long form of a job file: short forms written out, defaults filled in, paths absolute.
 * @param defaultName the name of a job whose file does not say it
 * @param folder what relative paths are relative to
 */
export function normaliseJob(job: JobFile, defaultName: string, folder: string): spec.JobSpec {
  const output = normaliseOutput(job.output, folder);
  const kv = normaliseKv(job.kv, folder);
  const input = normaliseInput(job.input, folder);
  const { grid } = input;
  const switchedOff = kv?.url === 'none';
  return {
    name: job.name ?? defaultName,
    description: job.description ?? null,
    isDefault: job.default ?? false,
    params: paramTexts(job.params),
    occurrence: null,
    input,
    features: normaliseFeatures(job.features, folder),
    model: normaliseModel(job.model, folder),
    output: switchedOff ? withKeyColumns(output, kv) : output,
    kv: switchedOff ? null : kv,
    execution: normaliseExecution(job.execution),
    onInvalid: normaliseOnInvalid(job.onInvalid ?? (grid === null ? 'fail' : 'reject')),
    coverage: { min: coverageShare(job.coverage?.min) ?? spec.DEFAULT_COVERAGE.min },
    schedule: normaliseSchedule(job.schedule),
    notify: normaliseNotify(job.notify, folder),
    heartbeat: job.heartbeat ?? null,
  };
}

function normaliseInput(input: JobFile['input'] = {}, folder: string): spec.InputSpec {
  const long = typeof input === 'string' || Array.isArray(input) ? { path: input } : input;
  const {
    path = [],
    grid,
    filter,
    incremental,
    hivePartitioning = 'auto',
    csv = {},
    json = {},
    ...format
  } = long;
  const { nullText, delimiter, ...csvOptions } = csv;
  return {
    ...format,
    paths: [path].flat().map((each) => resolvePath(each, folder)),
    grid: grid === undefined ? null : normaliseGrid(grid, filter ?? null, folder),
    incremental: normaliseIncremental(incremental),
    hivePartitioning,
    csv: {
      ...csvOptions,
      ...(delimiter === undefined ? {} : { delimiter: delimiter.replaceAll('\\t', '\t') }),
      ...(nullText === undefined ? {} : { nullText: [nullText].flat() }),
    },
    json,
  };
}

function normaliseFeatures(features: JobFile['features'] = {}, folder: string): spec.FeaturesSpec {
  const tables = Object.entries(features.tables ?? {});
  return {
    columns: features.columns ?? null,
    select: features.select ?? null,
    tables: Object.fromEntries(tables.map(([name, path]) => [name, resolvePath(path, folder)])),
  };
}

function normaliseModel(model: JobFile['model'], folder: string): spec.ModelSpec {
  const long = typeof model === 'string' ? { path: model } : model;
  return { path: resolvePath(long.path, folder), outputs: long.outputs ?? null };
}

function normaliseOutput(output: JobFile['output'] = {}, folder: string): spec.OutputSpec {
  const long = typeof output === 'string' ? { path: output } : output;
  const {
    path = spec.DEFAULT_OUTPUT_PATH,
    columns = [],
    rename = {},
    vectors = 'list',
    compression = 'zstd',
  } = long;
  return {
    path: resolvePath(path, folder),
    kind: spec.outputKind(path),
    columns,
    rename,
    vectors,
    compression,
  };
}

function normaliseKv(kv: JobFile['kv'] = 'none', folder: string): spec.KvSpec | null {
  if (kv === 'none') return null;
  return {
    url: kv.url === undefined ? null : resolveKvUrl(kv.url, folder),
    key: parseTemplate(kv.key, 'kv.key'),
    field: kv.field === undefined ? null : parseTemplate(kv.field, 'kv.field'),
    values: kv.values ?? null,
    ttlSeconds: kv.ttl === undefined ? null : parseDuration(kv.ttl, 'kv.ttl'),
    keepGenerations: kv.keep ?? spec.DEFAULT_KEEP_GENERATIONS,
    layout: kv.layout ?? spec.DEFAULT_KV_LAYOUT,
  };
}

function normaliseExecution(execution: JobFile['execution'] = {}): spec.ExecutionSpec {
  const { memoryLimit, ...rest } = execution;
  return {
    ...spec.DEFAULT_EXECUTION,
    ...rest,
    memoryLimitBytes: memoryLimit === undefined ? null : parseByteSize(memoryLimit, 'execution.memoryLimit'),
  };
}

function paramTexts(params: JobFile['params'] = {}): spec.JobSpec['params'] {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]));
}

function normaliseOnInvalid(onInvalid: NonNullable<JobFile['onInvalid']>): spec.JobSpec['onInvalid'] {
  const { action, max } = typeof onInvalid === 'string' ? { action: onInvalid, max: undefined } : onInvalid;
  return invalidRowPolicy(action, max, 'onInvalid.max');
}
