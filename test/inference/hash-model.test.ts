import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { hashModel } from '../../src/inference/hash-model.ts';
import { identityGraph, writeOnnx } from '../support/onnx.ts';
import { temporaryFolder } from '../support/project.ts';

async function modelWith(file: string): Promise<{ readonly model: string; readonly folder: string }> {
  const folder = join(await temporaryFolder(), 'models');
  await mkdir(folder);
  const weights = [{ name: 'w', file, length: 2 }];
  return { folder, model: await writeOnnx(join(folder, 'model.onnx'), { ...identityGraph(1), weights }) };
}

it('changes with the model, and with the weights in a file beside it', async () => {
  const { model, folder } = await modelWith('weights.bin');
  const without = await hashModel(model);
  await writeFile(join(folder, 'weights.bin'), 'one');
  const one = await hashModel(model);
  await writeFile(join(folder, 'weights.bin'), 'two');
  const two = await hashModel(model);
  await writeOnnx(model, { ...identityGraph(2), weights: [{ name: 'w', file: 'weights.bin', length: 2 }] });
  expect(new Set([without, one, two, await hashModel(model)]).size).toBe(4);
  expect(one).toMatch(/^[0-9a-f]{64}$/);
});

it('never reads a file outside the folder of the model', async () => {
  const { model, folder } = await modelWith('../secret.bin');
  await writeFile(join(folder, '../secret.bin'), 'one');
  const one = await hashModel(model);
  await writeFile(join(folder, '../secret.bin'), 'two');
  expect(await hashModel(model)).toBe(one);
});
