import { basename, extname } from 'node:path';
import { ServeBatchError } from '../core/errors.ts';
import { maskUrl } from '../core/text/secrets.ts';
import { resolvePath } from './fields/resolve-path.ts';
import type { JobSpec } from './job-spec.ts';
import type { RunFlags } from './run-flags.ts';
import { DEFAULT_COVERAGE } from './sections/coverage.ts';
import { DEFAULT_EXECUTION, overrideExecution } from './sections/execution.ts';
import { DEFAULT_FEATURES } from './sections/features.ts';
import { assertIncrementalFits } from './sections/incremental.ts';
import { DEFAULT_INPUT } from './sections/input.ts';
import { overrideKv } from './sections/kv.ts';
import { parseOnInvalid } from './sections/on-invalid.ts';
import { DEFAULT_OUTPUT, overrideOutput, withKeyColumns } from './sections/output.ts';
import { DEFAULT_PUBLISH } from './sections/publish.ts';
import { DEFAULT_SERVING } from './sections/serving.ts';

/**
 * The job with the flags of one run applied to it. Throws `USAGE`, naming the flag.
 * @param folder makes the relative paths of flags absolute; without it they stay as they are
 */
export function overrideJob(spec: JobSpec, flags: RunFlags, folder?: string): JobSpec {
  const at = relativeTo(folder);
  const output = overrideOutput(spec.output, flags, at);
  const kv = overrideKv(spec.kv, flags, folder);
  const switchedOff = flags.kv === 'none' && kv !== null;
  const overridden: JobSpec = {
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
  assertIncrementalFits(overridden);
  return overridden;
}

/**
 * A job defined by flags alone, for a folder without `jobs/`. It is named after the model's file. Throws
 * `USAGE` if the model, or the key of a store, is missing.
 */
export function adHocJob(flags: RunFlags, folder?: string): JobSpec {
  if (flags.model === undefined)
    throw new ServeBatchError(
      'USAGE',
      'This folder has no jobs/, and you gave no model. Add --model models/sales.onnx, or write jobs/NAME.yaml.',
    );
  const at = relativeTo(folder);
  const plain: JobSpec = {
    name: jobNameOf(flags.model),
    description: null,
    isDefault: false,
    params: {},
    input: DEFAULT_INPUT,
    features: DEFAULT_FEATURES,
    model: { path: flags.model, outputs: null },
    output: { ...DEFAULT_OUTPUT, path: at(DEFAULT_OUTPUT.path) },
    kv: null,
    execution: DEFAULT_EXECUTION,
    onInvalid: { action: 'fail', maxRows: null, maxShare: null },
    coverage: DEFAULT_COVERAGE,
    publish: DEFAULT_PUBLISH,
    actuals: null,
    intervals: null,
    schedule: null,
    notify: null,
    heartbeat: null,
    metrics: null,
    lineage: null,
    serving: DEFAULT_SERVING,
  };
  return overrideJob(plain, flags, folder);
}

/** Absolute paths; without a folder they stay as they are. */
function relativeTo(folder: string | undefined): (path: string) => string {
  return folder === undefined ? (path) => path : (path) => resolvePath(path, folder);
}

/** `models/Sales 2026.onnx` makes `sales-2026`. */
export function jobNameOf(model: string): string {
  const file = basename(maskUrl(model).replace(/[?#].*$/, ''));
  const name = basename(file, extname(file))
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-')
    .replace(/^[-_]+|-+$/g, '');
  return name === '' ? 'model' : name;
}
