import { basename, extname } from 'node:path';
import { DEVICE_CHOICES, type DeviceChoice } from '../core/device.ts';
import { ServeBatchError } from '../core/errors.ts';
import type { BatchSize } from '../core/plan.ts';
import { maskUrl } from '../core/secrets.ts';
import { invalidRowPolicy } from './invalid-row-policy.ts';
import {
  DEFAULT_COVERAGE,
  DEFAULT_EXECUTION,
  DEFAULT_KEEP_GENERATIONS,
  DEFAULT_KV_LAYOUT,
  DEFAULT_OUTPUT_PATH,
  type ExecutionSpec,
  type JobSpec,
  type KvSpec,
  type OutputSpec,
  outputKind,
} from './job-spec.ts';
import { withKeyColumns } from './key-columns.ts';
import { templateOfFlag } from './key-template.ts';
import { isKvUrl, KV_URL_EXPECTED, maskKvUrl } from './kv-url.ts';
import { resolveKvUrl, resolvePath } from './resolve-path.ts';
import type { RunFlags } from './run-flags.ts';

/**
 * The job with the flags of one run laid over it. Throws `USAGE`, naming the flag.
 * @param folder what relative paths of flags are relative to; left out, they stay as they are
 */
export function overrideJob(spec: JobSpec, flags: RunFlags, folder?: string): JobSpec {
  const at = folder === undefined ? (path: string) => path : (path: string) => resolvePath(path, folder);
  const output = overrideOutput(spec.output, flags, at);
  const kv = overrideKv(spec.kv, flags, folder);
  const switchedOff = flags.kv === 'none' && kv !== null;
  return {
    ...spec,
    input:
      flags.inputs === undefined ? spec.input : { ...spec.input, paths: flags.inputs.map(at), grid: null },
    features: flags.features === undefined ? spec.features : { ...spec.features, columns: flags.features },
    model: flags.model === undefined ? spec.model : { ...spec.model, path: at(flags.model) },
    output: switchedOff ? withKeyColumns(output, kv) : output,
    kv: switchedOff ? null : kv,
    execution: overrideExecution(spec.execution, flags),
    onInvalid: flags.onInvalid === undefined ? spec.onInvalid : parseOnInvalid(flags.onInvalid),
  };
}

/**
 * A job made of flags alone, for a folder without `jobs/`. It is named after the model's file. Throws
 * `USAGE` where the model is missing, or the key of a store.
 */
export function adHocJob(flags: RunFlags, folder?: string): JobSpec {
  if (flags.model === undefined)
    throw new ServeBatchError(
      'USAGE',
      'There is no job here and no model is given. Add --model models/sales.onnx, or write jobs/NAME.yaml.',
    );
  const plain: JobSpec = {
    name: jobNameOf(flags.model),
    description: null,
    isDefault: false,
    params: {},
    occurrence: null,
    input: { paths: [], grid: null, hivePartitioning: 'auto', csv: {}, json: {} },
    features: { columns: null, select: null, tables: {} },
    model: { path: flags.model, outputs: null },
    output: {
      path: folder === undefined ? DEFAULT_OUTPUT_PATH : resolvePath(DEFAULT_OUTPUT_PATH, folder),
      kind: 'folder',
      columns: [],
      rename: {},
      vectors: 'list',
      compression: 'zstd',
    },
    kv: null,
    execution: DEFAULT_EXECUTION,
    onInvalid: { action: 'fail', maxRows: null, maxShare: null },
    coverage: DEFAULT_COVERAGE,
  };
  return overrideJob(plain, flags, folder);
}

/** `models/Sales 2026.onnx` makes `sales-2026`. */
function jobNameOf(model: string): string {
  const file = basename(maskUrl(model).replace(/[?#].*$/, ''));
  const name = basename(file, extname(file))
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-')
    .replace(/^[-_]+|-+$/g, '');
  return name === '' ? 'model' : name;
}

function overrideOutput(output: OutputSpec, flags: RunFlags, at: (path: string) => string): OutputSpec {
  const { outputColumns } = flags;
  return {
    ...output,
    ...(flags.output === undefined ? {} : { path: at(flags.output), kind: outputKind(flags.output) }),
    ...(outputColumns === undefined ? {} : { columns: outputColumns.includes('*') ? '*' : outputColumns }),
  };
}

/** The store with its key, also where `--kv none` switches it off: the parts keep the key's columns. */
function overrideKv(kv: KvSpec | null, flags: RunFlags, folder: string | undefined): KvSpec | null {
  if (flags.kv !== undefined && !isKvUrl(flags.kv))
    throw new ServeBatchError('USAGE', `--kv is "${maskKvUrl(flags.kv)}"; expected ${KV_URL_EXPECTED}`);
  const key = flags.key === undefined ? kv?.key : templateOfFlag(flags.key, '--key');
  const field = flags.field === undefined ? (kv?.field ?? null) : templateOfFlag(flags.field, '--field');
  if (key === undefined) {
    const without =
      flags.kv !== undefined && flags.kv !== 'none'
        ? `--kv ${maskKvUrl(flags.kv)}`
        : flags.field && '--field';
    if (!without) return null;
    throw new ServeBatchError(
      'USAGE',
      `${without} is given, but no key: the store needs one for each prediction. Add for example --key store,product --field date.`,
    );
  }
  const kept = kv ?? {
    values: null,
    ttlSeconds: null,
    keepGenerations: DEFAULT_KEEP_GENERATIONS,
    layout: DEFAULT_KV_LAYOUT,
    url: null,
  };
  return { ...kept, ...(flags.kv === undefined ? {} : { url: addressOf(flags.kv, folder) }), key, field };
}

function addressOf(url: string, folder: string | undefined): string {
  return folder === undefined ? url : resolveKvUrl(url, folder);
}

function overrideExecution(execution: ExecutionSpec, flags: RunFlags): ExecutionSpec {
  return {
    ...execution,
    ...(flags.processes === undefined ? {} : { processes: atLeastOne(flags.processes, '--processes') }),
    ...(flags.shardRows === undefined ? {} : { shardRows: atLeastOne(flags.shardRows, '--shard-rows') }),
    ...(flags.batchSize === undefined ? {} : { batchSize: batchSizeOf(flags.batchSize) }),
    ...(flags.device === undefined ? {} : overrideDevice(execution, flags.device)),
  };
}

/** The options of the job's device are no options of another. */
function overrideDevice(
  execution: ExecutionSpec,
  device: DeviceChoice,
): Pick<ExecutionSpec, 'device' | 'deviceOptions'> {
  if (!DEVICE_CHOICES.includes(device))
    throw new ServeBatchError(
      'USAGE',
      `--device is "${device}"; expected ${DEVICE_CHOICES.slice(0, -1).join(', ')} or ${DEVICE_CHOICES.at(-1)}.`,
    );
  return { device, deviceOptions: device === execution.device ? execution.deviceOptions : {} };
}

function atLeastOne(value: number, flag: string): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new ServeBatchError('USAGE', `${flag} is ${value}; expected a whole number, at least 1.`);
}

function batchSizeOf(value: BatchSize): BatchSize {
  if (value === 'auto' || (Number.isSafeInteger(value) && value >= 1)) return value;
  throw new ServeBatchError(
    'USAGE',
    `--batch-size is ${value}; expected auto, or a whole number, at least 1.`,
  );
}

function parseOnInvalid(text: string): JobSpec['onInvalid'] {
  const [, action, max] = /^(fail|reject)(?::(.*))?$/s.exec(text) ?? [];
  if ((action === 'fail' && max === undefined) || action === 'reject')
    return invalidRowPolicy(action, max, '--on-invalid reject:MAX', 'USAGE');
  throw new ServeBatchError(
    'USAGE',
    `--on-invalid is "${text}"; expected fail, reject, reject:ROWS or reject:SHARE%. Write for example reject:1%.`,
  );
}
