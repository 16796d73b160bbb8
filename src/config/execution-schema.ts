import { z } from 'zod';
import { DEVICE_CHOICES, expectedOption } from '../core/device.ts';
import { BYTE_SIZE_EXPECTED, BYTE_SIZE_PATTERN, byteSize } from './byte-size.ts';
import { choice, expected, pattern, section, wholeNumber } from './field-kinds.ts';
import { REJECT_LIMIT_EXPECTED, REJECT_LIMIT_PATTERN, rejectLimit } from './invalid-row-policy.ts';

const BATCH_SIZE = expected('auto, or a whole number of rows, at least 1', '1024');

const DEVICE_OPTIONS_EXPECTED = expected('a map from options of the device to their values', '{deviceId: 1}');

/** The field `execution` of a job file. */
export const execution = section({
  device: choice(DEVICE_CHOICES)
    .exactOptional()
    .describe(
      'Where the model is computed; auto: the best device of the machine that answers as the CPU does, else the CPU. Default: auto.',
    ),
  deviceOptions: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]), {
      error: DEVICE_OPTIONS_EXPECTED,
    })
    .exactOptional()
    .describe('Options of the device, as onnxruntime-node takes them: {deviceId: 1}.'),
  processes: wholeNumber(1, expected('a whole number of processes, at least 1', '4'))
    .exactOptional()
    .describe('Child processes that score at the same time. Default: one per core.'),
  shardRows: wholeNumber(1, expected('a whole number of rows, at least 1', '500000'))
    .exactOptional()
    .describe('Input rows of a shard, the unit of work, retry and resume. Default: 122880.'),
  batchSize: z
    .union([z.literal('auto'), wholeNumber(1, BATCH_SIZE)], { error: BATCH_SIZE })
    .exactOptional()
    .describe(
      'Rows of one model call; auto: found by a short measurement where the input is large. Default: auto.',
    ),
  threads: wholeNumber(1, expected('a whole number of threads, at least 1', '1'))
    .exactOptional()
    .describe('Threads of one model call, in each process. Default: 1.'),
  retries: wholeNumber(0, expected('a whole number, at least 0', '2'))
    .exactOptional()
    .describe('How often a shard is tried again after it failed. Default: 2.'),
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
})
  .check(({ value, issues }) => {
    for (const [name, option] of Object.entries(value.deviceOptions ?? {})) {
      const wanted = expectedOption(value.device ?? 'auto', name, option);
      if (wanted === null) continue;
      issues.push({ code: 'custom', path: ['deviceOptions', name], input: option, message: wanted });
    }
  })
  .describe('How the work is split and run.');

const ON_INVALID = 'fail, reject, or a map such as {action: reject, max: 1%}.';

/** The field `onInvalid` of a job file. */
export const onInvalid = z
  .union(
    [
      choice(['fail', 'reject']),
      section({
        action: choice(['fail', 'reject']).describe(
          'fail ends the run; reject puts the row into rejects/ with its reason.',
        ),
        max: z
          .union(
            [
              wholeNumber(0, REJECT_LIMIT_EXPECTED),
              pattern(REJECT_LIMIT_PATTERN, REJECT_LIMIT_EXPECTED).refine(
                (value) => rejectLimit(value) !== undefined,
                {
                  error: REJECT_LIMIT_EXPECTED,
                },
              ),
            ],
            { error: REJECT_LIMIT_EXPECTED },
          )
          .exactOptional()
          .describe('Rejects that a run may have: rows, or a share such as 1%. Default: no limit.'),
      }).refine(({ action, max }) => action === 'reject' || max === undefined, {
        path: ['max'],
        error: 'no limit where action is fail. Write action: reject, or remove max.',
      }),
    ],
    { error: ON_INVALID },
  )
  .describe('What happens to a row that cannot be scored. Default: fail.');
