import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import {
  type BatchSizeKey,
  type MeasuredBatchSize,
  readBatchSize,
  writeBatchSize,
} from '../../src/runs/batch-sizes-file.ts';
import { batchSizesFile } from '../../src/runs/layout.ts';
import { temporaryFolder } from './sample-run.ts';

const KEY: BatchSizeKey = { modelSha256: 'm1', rowBytes: 44, cpu: 'fast', cores: 2, onnxruntime: '1.30.0' };

function found(changes: Partial<MeasuredBatchSize> = {}): MeasuredBatchSize {
  const rowsPerSecond = { '1024': 100, '4096': 200 };
  return { ...KEY, batchSize: 4096, rowsPerSecond, measuredAt: '2026-11-21T00:00:00.000Z', ...changes };
}

test('nothing is remembered at first', async () => {
  expect(await readBatchSize(await temporaryFolder(), KEY)).toBeUndefined();
});

test.each<[what: string, other: Partial<BatchSizeKey>]>([
  ['model', { modelSha256: 'm2' }],
  ['number of columns', { rowBytes: 48 }],
  ['processor', { cpu: 'slow' }],
  ['number of cores', { cores: 4 }],
  ['ONNX Runtime', { onnxruntime: '1.31.0' }],
])('another %s has another batch size', async (_, other) => {
  const folder = await temporaryFolder();
  await writeBatchSize(folder, found());
  expect(await readBatchSize(folder, KEY)).toBe(4096);
  expect(await readBatchSize(folder, { ...KEY, ...other })).toBeUndefined();
  await writeBatchSize(folder, found({ ...other, batchSize: 256 }));
  expect(await readBatchSize(folder, { ...KEY, ...other })).toBe(256);
  expect(await readBatchSize(folder, KEY)).toBe(4096);
});

test('a measurement takes the place of the one before', async () => {
  const folder = await temporaryFolder();
  await writeBatchSize(folder, found());
  await writeBatchSize(folder, found({ batchSize: 1024, measuredAt: '2026-11-22T00:00:00.000Z' }));
  const { measured } = JSON.parse(await readFile(batchSizesFile(folder), 'utf8'));
  expect(measured).toEqual([found({ batchSize: 1024, measuredAt: '2026-11-22T00:00:00.000Z' })]);
});

test('the oldest measurements are forgotten: the file does not grow without end', async () => {
  const folder = await temporaryFolder();
  for (let model = 0; model < 60; model++) await writeBatchSize(folder, found({ modelSha256: `m${model}` }));
  expect(await readBatchSize(folder, { ...KEY, modelSha256: 'm59' })).toBe(4096);
  expect(await readBatchSize(folder, { ...KEY, modelSha256: 'm10' })).toBe(4096);
  expect(await readBatchSize(folder, { ...KEY, modelSha256: 'm9' })).toBeUndefined();
});

test.each([
  ['is cut off', '{"formatVersion": 1, "measured": [{"model'],
  ['is empty', ''],
  ['holds something else', '[1, 2, 3]'],
  ['has a wrong number', JSON.stringify({ formatVersion: 1, measured: [{ ...found(), batchSize: -1 }] })],
  ['is of a later format', JSON.stringify({ formatVersion: 2, measured: [found()] })],
])('a file that %s remembers nothing, and is replaced', async (_, text) => {
  const folder = await temporaryFolder();
  await writeFile(batchSizesFile(folder), text);
  expect(await readBatchSize(folder, KEY)).toBeUndefined();
  await writeBatchSize(folder, found());
  expect(await readBatchSize(folder, KEY)).toBe(4096);
});
