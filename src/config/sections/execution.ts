import { z } from 'zod';
import { ENGINE_CHOICES, type EngineChoice } from '../../core/engine.ts';
import { ServeBatchError } from '../../core/errors.ts';
import {
  DEVICE_CHOICES,
  type DeviceChoice,
  type DeviceOptions,
  expectedOption,
} from '../../core/machine/device.ts';
import type { BatchSize } from '../../core/plan.ts';
import { maskUrl } from '../../core/text/secrets.ts';
import { BYTE_SIZE_EXPECTED, BYTE_SIZE_PATTERN, byteSize, parseByteSize } from '../fields/byte-size.ts';
import { DURATION_EXPECTED, isDuration, parseDuration } from '../fields/duration.ts';
import { choice, expected, pattern, section, wholeNumber } from '../fields/field-kinds.ts';
import type { RunFlags } from '../run-flags.ts';

export interface ExecutionSpec {
  /** Child processes. Null: one per core. */
  readonly processes: number | null;
  /** Input rows of a shard. Null: the planner chooses. */
  readonly shardRows: number | null;
  /** Rows of one model call; a fixed batch dimension of the model goes before it. */
  readonly batchSize: BatchSize;
  /** Threads of one model call. */
  readonly threads: number;
  readonly device: DeviceChoice;
  /** As onnxruntime-node takes them; none where the device is `auto`. */
  readonly deviceOptions: DeviceOptions;
  /** What computes the model on the CPU. */
  readonly engine: EngineChoice;
  /** How often a shard is tried again after it failed. */
  readonly retries: number;
  /** Places that a run takes of those that a scheduler has. */
  readonly slots: number;
  /** How long a run may take. Null: as long as it needs. */
  readonly timeoutSeconds: number | null;
  /** What DuckDB may use in each child. Null: the program chooses. */
  readonly memoryLimitBytes: number | null;
  /** The Redis whose workers compute the shards, with its password. Null: children of this process do. */
  readonly queue: string | null;
}

export const DEFAULT_EXECUTION: ExecutionSpec = {
  processes: null,
  shardRows: null,
  batchSize: 'auto',
  threads: 1,
  device: 'auto',
  deviceOptions: {},
  engine: 'auto',
  retries: 2,
  slots: 1,
  timeoutSeconds: null,
  memoryLimitBytes: null,
  queue: null,
};

const QUEUE_PATTERN = /^rediss?:\/\/.+/;
const QUEUE_EXPECTED = expected('the address of a Redis', 'redis://queue:6379');

const BATCH_SIZE = expected('auto, or a whole number of rows, at least 1', '1024');

const DEVICE_OPTIONS_EXPECTED = expected('a map from options of the device to their values', '{deviceId: 1}');

/** The field `execution` of a job file. */
export const execution = section({
  device: choice(DEVICE_CHOICES)
    .exactOptional()
    .describe(
      "Where the model is computed; auto: a device that gives the CPU's predictions and is faster, or else the CPU. Default: auto.",
    ),
  deviceOptions: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]), {
      error: DEVICE_OPTIONS_EXPECTED,
    })
    .exactOptional()
    .describe('Options of the device, passed to onnxruntime-node: {deviceId: 1}.'),
  engine: choice(ENGINE_CHOICES)
    .exactOptional()
    .describe(
      'What computes the model on the CPU; auto: the tree engine if it gives the same bits as ONNX Runtime, or else ONNX Runtime. Default: auto.',
    ),
  processes: wholeNumber(1, expected('a whole number of processes, at least 1', '4'))
    .exactOptional()
    .describe('Child processes that score in parallel. Default: one per core.'),
  shardRows: wholeNumber(1, expected('a whole number of rows, at least 1', '500000'))
    .exactOptional()
    .describe('Input rows in a shard, the unit of work, retry and resume. Default: 122880.'),
  batchSize: z
    .union([z.literal('auto'), wholeNumber(1, BATCH_SIZE)], { error: BATCH_SIZE })
    .exactOptional()
    .describe('Rows in one model call; auto: measured at the start of a large run. Default: auto.'),
  threads: wholeNumber(1, expected('a whole number of threads, at least 1', '1'))
    .exactOptional()
    .describe('Threads for one model call, in each process. Default: 1.'),
  retries: wholeNumber(0, expected('a whole number, at least 0', '2'))
    .exactOptional()
    .describe('How often to try a failed shard again. Default: 2.'),
  slots: wholeNumber(1, expected('a whole number of places, at least 1', '2'))
    .exactOptional()
    .describe("How many slots of the scheduler's --concurrency a run of this job takes. Default: 1."),
  timeout: z
    .union([z.int(), z.string()], { error: DURATION_EXPECTED })
    .refine(isDuration, { error: DURATION_EXPECTED })
    .exactOptional()
    .describe('How long a run may take before it fails: 2h, 30m. Default: no limit.'),
  memoryLimit: z
    .union(
      [
        wholeNumber(1, BYTE_SIZE_EXPECTED),
        pattern(BYTE_SIZE_PATTERN, BYTE_SIZE_EXPECTED).refine((value) => byteSize(value) !== undefined, {
          error: BYTE_SIZE_EXPECTED,
        }),
      ],
      { error: BYTE_SIZE_EXPECTED },
    )
    .exactOptional()
    .describe('Memory that DuckDB may use in each process: 1GB, 512MiB. Default: 1GiB.'),
  queue: pattern(QUEUE_PATTERN, QUEUE_EXPECTED)
    .exactOptional()
    .describe(
      'A Redis from which workers on other machines take the shards: redis://host:6379. Default: child processes compute them.',
    ),
})
  .check(({ value, issues }) => {
    for (const [name, option] of Object.entries(value.deviceOptions ?? {})) {
      const wanted = expectedOption(value.device ?? 'auto', name, option);
      if (wanted === null) continue;
      issues.push({ code: 'custom', path: ['deviceOptions', name], input: option, message: wanted });
    }
  })
  .describe('How to split and run the work.');

/** The long form. */
export function normaliseExecution(written: z.output<typeof execution> = {}): ExecutionSpec {
  const { memoryLimit, timeout, ...rest } = written;
  return {
    ...DEFAULT_EXECUTION,
    ...rest,
    timeoutSeconds: timeout === undefined ? null : parseDuration(timeout, 'execution.timeout'),
    memoryLimitBytes: memoryLimit === undefined ? null : parseByteSize(memoryLimit, 'execution.memoryLimit'),
  };
}

/** What of it decides the bytes of the parts. */
export function decidingExecution(spec: ExecutionSpec) {
  const { shardRows, batchSize, threads } = spec;
  return { shardRows, batchSize, threads, ...decidingDevice(spec), ...decidingEngine(spec) };
}

/**
 * A device that is named. `auto` and `cpu` are left out: the run is the same on every machine, and runs
 * from before there was a choice stay the same. That a run for `cpu` was computed there is for those who
 * look for an earlier run to check: see isWantedBy in jobs/plan/engine-of-run.ts.
 */
function decidingDevice({ device, deviceOptions }: ExecutionSpec) {
  return device === 'auto' || device === 'cpu' ? {} : { device, deviceOptions };
}

/**
 * An engine that is asked for because it is not the usual one. `auto` and `onnxruntime` are left out: they give
 * the same bits. Which engine an earlier run was computed by is looked at in jobs/plan/engine-of-run.ts.
 */
function decidingEngine({ engine }: ExecutionSpec) {
  return engine === 'trees' ? { engine } : {};
}

/** With the flags laid over it. Throws `USAGE`. */
export function overrideExecution(execution: ExecutionSpec, flags: RunFlags): ExecutionSpec {
  return {
    ...execution,
    ...(flags.processes === undefined ? {} : { processes: atLeastOne(flags.processes, '--processes') }),
    ...(flags.shardRows === undefined ? {} : { shardRows: atLeastOne(flags.shardRows, '--shard-rows') }),
    ...(flags.batchSize === undefined ? {} : { batchSize: batchSizeOf(flags.batchSize) }),
    ...(flags.device === undefined ? {} : overrideDevice(execution, flags.device)),
    ...(flags.engine === undefined ? {} : { engine: engineOf(flags.engine) }),
    ...(flags.queue === undefined ? {} : { queue: queueOf(flags.queue) }),
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

function engineOf(engine: EngineChoice): EngineChoice {
  if (ENGINE_CHOICES.includes(engine)) return engine;
  throw new ServeBatchError(
    'USAGE',
    `--engine is "${engine}"; expected ${ENGINE_CHOICES.slice(0, -1).join(', ')} or ${ENGINE_CHOICES.at(-1)}.`,
  );
}

function atLeastOne(value: number, flag: string): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new ServeBatchError('USAGE', `${flag} is ${value}; expected a whole number, at least 1.`);
}

function queueOf(queue: string): string | null {
  if (queue === 'none') return null;
  if (QUEUE_PATTERN.test(queue)) return queue;
  throw new ServeBatchError(
    'USAGE',
    `--queue is "${maskUrl(queue)}"; expected redis://..., rediss://... or none.`,
  );
}

function batchSizeOf(value: BatchSize): BatchSize {
  if (value === 'auto' || (Number.isSafeInteger(value) && value >= 1)) return value;
  throw new ServeBatchError(
    'USAGE',
    `--batch-size is ${value}; expected auto, or a whole number, at least 1.`,
  );
}
