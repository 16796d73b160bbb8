import type { Option } from 'commander';
import type { RunFlags } from '../../config/run-flags.ts';
import type { EngineChoice } from '../../core/engine.ts';
import type { DeviceChoice } from '../../core/machine/device.ts';
import type { BatchSize } from '../../core/plan.ts';
import {
  batchSizeOption,
  deviceOption,
  engineOption,
  kvOption,
  list,
  option,
  outputOption,
  repeatable,
  wholeNumber,
} from '../options.ts';

/** Flags that are laid over a job, or make one. */
export interface JobFlags {
  readonly input?: readonly string[];
  readonly model?: string;
  readonly output?: string;
  readonly kv?: string;
  readonly key?: readonly string[];
  readonly field?: readonly string[];
  readonly features?: readonly string[];
  readonly columns?: readonly string[];
  readonly vectors?: 'list' | 'columns';
  readonly onInvalid?: string;
  readonly occurrence?: string;
  readonly param?: readonly string[];
  readonly processes?: number;
  readonly shardRows?: number;
  readonly batchSize?: BatchSize;
  readonly device?: DeviceChoice;
  readonly engine?: EngineChoice;
}

export const jobOptions = (): readonly Option[] => [
  repeatable('-i, --input <path>', 'a file, a quoted glob, a folder, or - for CSV on standard input'),
  option('-m, --model <file>', 'the ONNX model; in a folder without jobs/, it defines a job'),
  outputOption(),
  kvOption(),
  list('--key <columns>', 'columns of the key in the store: store,product or a template "{store}:{product}"'),
  list('--field <columns>', 'columns of the field within a key: date'),
  list('--features <columns>', "columns of the model's matrix input, in order"),
  list('--columns <columns>', 'input columns kept beside the predictions; * for all'),
  option(
    '--vectors <form>',
    'what an output of several values a row becomes: one list, or a column each (default: list)',
  ).choices(['list', 'columns']),
  option(
    '--on-invalid <policy>',
    'what to do with a row that cannot be scored: fail, reject, reject:100 or reject:1%',
  ),
  option(
    '--occurrence <time>',
    'the scheduled time that the run is for: 2026-11-21, 2026-11-21T02:30, an instant, or latest',
  ),
  repeatable('--param <name=value>', 'a parameter of the job: {{ params.NAME }}'),
  wholeNumber('-p, --processes <n>', 'child processes (default: one per core)'),
  wholeNumber('--shard-rows <n>', 'rows in a shard, the unit of work (default: 122880)'),
  batchSizeOption(),
  deviceOption(),
  engineOption(),
];

export function runFlags(flags: JobFlags): RunFlags {
  const {
    input,
    model,
    output,
    kv,
    processes,
    shardRows,
    batchSize,
    device,
    engine,
    key,
    field,
    features,
    columns,
    vectors,
    onInvalid,
    occurrence,
    param,
  } = flags;
  return {
    ...(input === undefined ? {} : { inputs: input }),
    ...(model === undefined ? {} : { model }),
    ...(output === undefined ? {} : { output }),
    ...(kv === undefined ? {} : { kv }),
    ...(processes === undefined ? {} : { processes }),
    ...(shardRows === undefined ? {} : { shardRows }),
    ...(batchSize === undefined ? {} : { batchSize }),
    ...(device === undefined ? {} : { device }),
    ...(engine === undefined ? {} : { engine }),
    ...(key === undefined ? {} : { key }),
    ...(field === undefined ? {} : { field }),
    ...(features === undefined ? {} : { features }),
    ...(columns === undefined ? {} : { outputColumns: columns }),
    ...(vectors === undefined ? {} : { vectors }),
    ...(onInvalid === undefined ? {} : { onInvalid }),
    ...(occurrence === undefined ? {} : { occurrence }),
    ...(param === undefined ? {} : { params: param }),
  };
}
