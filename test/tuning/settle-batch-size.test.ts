import { readdir, readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { type Log, silentLog } from '../../src/core/effects.ts';
import { ServeBatchError } from '../../src/core/errors.ts';
import { CPU } from '../../src/core/machine/device.ts';
import type { Plan, PlanOnDevice } from '../../src/core/plan.ts';
import { batchSizesFile } from '../../src/runs/layout.ts';
import type { BatchTiming } from '../../src/tuning/choose-batch-size.ts';
import { rememberHalved } from '../../src/tuning/remember-halved.ts';
import { knownBatchSize, settleBatchSize } from '../../src/tuning/settle-batch-size.ts';
import { samplePlan, temporaryFolder } from '../runs/sample-run.ts';

const FASTER: readonly BatchTiming[] = [
  { batchSize: 256, rowsPerSecond: 50, sameBits: true },
  { batchSize: 1024, rowsPerSecond: 100, sameBits: true },
  { batchSize: 4096, rowsPerSecond: 150, sameBits: true },
];

function draft(changes: Partial<PlanOnDevice> = {}, rows = 250_000): PlanOnDevice {
  const plan = samplePlan();
  return { ...plan, input: { ...plan.input, rows }, batchSize: 'auto', ...changes };
}

/** Settles with a measurement that answers or throws; tells what was asked and logged. */
async function settle(
  folderOfJob: string,
  plan: PlanOnDevice,
  answer: readonly BatchTiming[] | Error = FASTER,
  signal = new AbortController().signal,
) {
  const asked: Plan[] = [];
  const lines: { readonly message: string; readonly fields: unknown }[] = [];
  const unexpected = (message: string): never => {
    throw new Error(`logged to the user: ${message}`);
  };
  const log: Log = {
    debug: (message, fields) => lines.push({ message, fields }),
    info: unexpected,
    warn: unexpected,
    error: unexpected,
  };
  const settled = await settleBatchSize({
    draft: plan,
    folderOfJob,
    measure: async (measured) => {
      asked.push(measured);
      if (answer instanceof Error) throw answer;
      return answer;
    },
    now: () => new Date('2026-11-21T00:00:00Z'),
    log,
    signal,
  });
  return { settled, asked, lines };
}

const WEBGPU = { ...CPU, name: 'webgpu', adapter: 'a card' } as const;
/** One shard of so many rows. */
const onDevice = (rows = 250_000): PlanOnDevice =>
  draft({ device: WEBGPU, shards: [{ index: 0, rowStart: 0, rowEnd: rows }] }, rows);

test('a device takes the fastest size, whatever the default of the CPU, and remembers it for itself', async () => {
  const folder = await temporaryFolder();
  const timings = [4096, 8192, 16_384].map((batchSize, index) => ({
    batchSize,
    rowsPerSecond: [100, 190, 180][index] ?? 0,
    sameBits: true,
  }));
  expect((await settle(folder, onDevice(), timings)).settled.batchSize).toBe(8192);
  const again = await settle(folder, onDevice(), []);
  expect([again.settled.batchSize, again.asked]).toEqual([8192, []]);
  const cpu = await settle(folder, draft());
  expect([cpu.settled.batchSize, cpu.asked.length]).toEqual([4096, 1]);
});

test('what a device has remembered says nothing of the CPU, or of another device', async () => {
  const folder = await temporaryFolder();
  await settle(folder, onDevice(), [{ batchSize: 4096, rowsPerSecond: 1, sameBits: true }]);
  expect(await knownBatchSize(onDevice(), folder)).toBe(4096);
  expect(await knownBatchSize(draft(), folder)).toBe('auto');
  const other = { ...onDevice(), device: { ...WEBGPU, adapter: 'another card' } };
  expect(await knownBatchSize(other, folder)).toBe('auto');
});

test('a size that was halved for want of memory is remembered, with a warning', async () => {
  const folder = await temporaryFolder();
  const warnings: string[] = [];
  const plan = { ...onDevice(), batchSize: 8192 };
  await rememberHalved(plan, 2048, {
    folderOfJob: folder,
    now: () => new Date('2026-11-21T00:00:00Z'),
    log: { ...silentLog, warn: (message) => warnings.push(message) },
  });
  expect(warnings).toEqual([expect.stringContaining('no memory for 8192 rows a call: calls now have 2048')]);
  expect(await knownBatchSize(onDevice(), folder)).toBe(2048);
});

test('a small input is not measured on a device: its batches are no larger than its shards', async () => {
  const folder = await temporaryFolder();
  for (const [rows, size] of [
    [100_000, 4096],
    [1000, 1024],
    [5, 16],
  ] as const) {
    const { settled, asked } = await settle(folder, onDevice(rows));
    expect([settled.batchSize, asked]).toEqual([size, []]);
  }
});

test('a number stays as it is: the job says it, or the model', async () => {
  const folder = await temporaryFolder();
  const { settled, asked } = await settle(folder, draft({ batchSize: 7 }));
  expect(settled).toEqual({ ...draft(), batchSize: 7 });
  expect(asked).toEqual([]);
  expect(await readdir(folder)).toEqual([]);
});

test('what is measured is written down, and not measured again', async () => {
  const folder = await temporaryFolder();
  const first = await settle(folder, draft());
  expect(first.settled).toEqual({ ...draft(), batchSize: 4096 });
  expect(first.asked).toEqual([{ ...draft(), batchSize: 1024 }]);
  expect(first.lines).toEqual([
    {
      message: 'measured batch sizes',
      fields: { chosen: 4096, rowsPerSecond: { 256: 50, 1024: 100, 4096: 150 }, otherBits: [] },
    },
  ]);
  const { measured } = JSON.parse(await readFile(batchSizesFile(folder), 'utf8'));
  expect(measured).toMatchObject([
    { modelSha256: 'm1', rowBytes: 8, batchSize: 4096, measuredAt: '2026-11-21T00:00:00.000Z' },
  ]);

  const second = await settle(folder, draft());
  expect(second.settled.batchSize).toBe(4096);
  expect(second.asked).toEqual([]);
  // Also for an input that would not be worth it.
  expect((await settle(folder, draft({}, 10))).settled.batchSize).toBe(4096);
});

test('another model is measured anew', async () => {
  const folder = await temporaryFolder();
  await settle(folder, draft());
  const other = draft({ model: { ...draft().model, sha256: 'm2' } });
  expect((await settle(folder, other, [])).asked).toHaveLength(1);
});

test('a size that changes bits is named in the log, and not taken', async () => {
  const timings = FASTER.map((each) => ({ ...each, sameBits: each.batchSize === 1024 }));
  const { settled, lines } = await settle(await temporaryFolder(), draft(), timings);
  expect(settled.batchSize).toBe(1024);
  expect(lines[0]?.fields).toMatchObject({ chosen: 1024, otherBits: [256, 4096] });
});

test.each<[what: string, plan: PlanOnDevice]>([
  ['few rows', draft({}, 249_999)],
  ['several threads to a call', draft({ threads: 2 })],
])('%s: the default, and nothing is measured', async (_, plan) => {
  const { settled, asked } = await settle(await temporaryFolder(), plan);
  expect(settled.batchSize).toBe(1024);
  expect(asked).toEqual([]);
});

test('several threads do not take what was measured with one', async () => {
  const folder = await temporaryFolder();
  await settle(folder, draft());
  expect((await settle(folder, draft({ threads: 2 }))).settled.batchSize).toBe(1024);
});

test.each<[what: string, answer: readonly BatchTiming[] | Error]>([
  ['is not worth it', []],
  ['fails, as the model does', new Error('the model fails on a row')],
  ['kills its process', new ServeBatchError('CHILD_DIED', 'The child process was ended by SIGABRT.')],
])('where the measurement %s, the default is taken, once, and nothing is remembered', async (_, answer) => {
  const folder = await temporaryFolder();
  const { settled, asked, lines } = await settle(folder, draft(), answer);
  expect(settled).toEqual({ ...draft(), batchSize: 1024 });
  expect(asked).toHaveLength(1);
  expect(lines).toHaveLength(1);
  expect(await readdir(folder)).toEqual([]);
});

test('an interrupted run ends, and is not planned with the default', async () => {
  const abort = new AbortController();
  abort.abort(new ServeBatchError('SIGINT', 'Interrupted.'));
  await expect(
    settle(await temporaryFolder(), draft(), new Error('killed'), abort.signal),
  ).rejects.toMatchObject({ code: 'SIGINT' });
});

test('a file that cannot be written does not end the run', async () => {
  const { settled, lines } = await settle('/proc/nowhere/sales', draft());
  expect(settled.batchSize).toBe(4096);
  expect(lines.map(({ message }) => message)).toEqual([
    'measured batch sizes',
    'the batch size could not be written down',
  ]);
});

test.each([7, 16_384])('a remembered size of %i, which nobody measured, is not taken', async (batchSize) => {
  const folder = await temporaryFolder();
  await settle(folder, draft());
  const file = JSON.parse(await readFile(batchSizesFile(folder), 'utf8'));
  file.measured[0].batchSize = batchSize;
  await writeFile(batchSizesFile(folder), JSON.stringify(file));
  expect(await knownBatchSize(draft(), folder)).toBe('auto');
});

test('without measuring, it is known where the job, the file or the rows say it', async () => {
  const folder = await temporaryFolder();
  expect(await knownBatchSize(draft({ batchSize: 3 }), folder)).toBe(3);
  expect(await knownBatchSize(draft({}, 100), folder)).toBe(1024);
  expect(await knownBatchSize(draft(), folder)).toBe('auto');
  expect(await readdir(folder)).toEqual([]);
  await settle(folder, draft());
  expect(await knownBatchSize(draft(), folder)).toBe(4096);
});
